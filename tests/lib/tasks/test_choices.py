import json

import pytest

from lib.cli import UserError
from lib.tasks import arithmetic
from lib.tasks.choices import items
from lib.tasks.item import split_of

# The shapes that well-known data sets have.
HELLASWAG = {"ctx": "A man", "endings": ["sat.", "flew."], "label": "1"}
ARC = {"question": "Why?", "choices": {"text": ["so", "not"], "label": ["A", "B"]}, "answerKey": "B"}
PIQA = {"goal": "Open it", "sol1": "pull", "sol2": "push", "label": 0}
BOOLQ = {"question": "is it so", "answer": True}

CASES = [
    (HELLASWAG, {"prompt": "{ctx}", "choices": "endings", "answer": "{label}"}, [" sat.", " flew."], 1),
    (
        ARC,
        {
            "prompt": "{question}",
            "choices": "choices.text",
            "labels": "choices.label",
            "answer": "{answerKey}",
        },
        [" so", " not"],
        1,
    ),
    (
        PIQA,
        {"prompt": "{goal}:", "choices": ["{sol1}", "{sol2}"], "answer": "{label}", "target": "({choice})"},
        ["(pull)", "(push)"],
        0,
    ),
    (
        BOOLQ,
        {
            "prompt": "{question}?",
            "choices": ["no", "yes"],
            "labels": ["False", "True"],
            "answer": "{answer}",
        },
        [" no", " yes"],
        1,
    ),
]


def read(folder, record, task):
    path = folder / "own.jsonl"
    path.write_text(json.dumps(record))
    prompt = task["prompt"].format(**record)
    return list(items({**task, "path": str(path)}, split_of(prompt), 0, []))


@pytest.mark.parametrize(("record", "task", "written", "right"), CASES)
def test_records_of_well_known_shapes(tmp_path, record, task, written, right):
    (item,) = read(tmp_path, record, task)
    assert item.choices == written
    assert item.target == written[right]
    assert item.answer == written[right].strip(" ()")
    assert item.verifier == "choice"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"label": "2"}, "the answer '2' labels none of the 2 choices, whose labels are ['0', '1']"),
        ({"endings": ["sat.", " sat."]}, "are not two or more different texts"),
        ({"endings": ["sat."]}, "are not two or more different texts"),
        ({"endings": ["sat.", ""]}, "are not two or more different texts"),
        ({"endings": "sat."}, "column 'endings' is no list"),
        ({"endings": ["sat.", "cut \ud83d"]}, "a choice has half a surrogate pair"),
    ],
)
def test_choices_that_do_not_fit(tmp_path, changed, said):
    with pytest.raises(UserError) as error:
        read(tmp_path, {**HELLASWAG, **changed}, CASES[0][1])
    assert str(error.value).startswith(f"{tmp_path}/own.jsonl:1: ") and said in str(error.value)


def test_a_column_that_is_missing(tmp_path):
    with pytest.raises(UserError, match=r"no column 'choices\.text'; the columns are \['ctx', 'endings'"):
        read(tmp_path, HELLASWAG, {**CASES[0][1], "choices": "choices.text"})


def test_numbers_near_the_right_one():
    task = {"terms": 3, "digits": 2, "choices": 4}
    found = [item for item, _ in zip(arithmetic.choices(task, "test", 0, []), range(200), strict=False)]
    places = [item.choices.index(item.target) for item in found]
    for item in found:
        right = eval(item.prompt[3:-3])
        assert item.target == f" {right}" and item.answer == str(right)
        assert len(set(item.choices)) == 4
        assert all(abs(int(text) - right) <= arithmetic.NEAR for text in item.choices)
    assert {places.count(place) > 25 for place in range(4)} == {True}  # the right one stands anywhere
    again = arithmetic.choices(task, "test", 0, [])
    assert [next(again) for _ in range(200)] == found
