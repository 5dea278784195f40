import json
from pathlib import Path

import pandas as pd
import pytest

from lib.cli import UserError
from lib.decoding.verifiers import VERIFIERS, last_number, number
from lib.decoding.words import WORDS
from lib.tasks.item import POOLS, item_id, split_of
from lib.tasks.records import GOLD, items

SPLITS = ["train", "dev", "test", *(f"pool-{number}" for number in range(1, POOLS + 1))]
TASK = {"prompt": "Q: {question}\nA:", "answer": "{solution}", "verifier": "number"}


def records(n=40):
    return [{"question": f"What is {i} + 1?", "solution": f"Add one.\n#### {i + 1}"} for i in range(n)]


@pytest.fixture
def task(tmp_path):
    path = tmp_path / "own.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records()))
    return {**TASK, "path": str(path), "answer_after": "####"}


def read(task, split="train"):
    return list(items(task, split, 0, []))


def test_records_of_a_split_in_an_order_that_the_file_has_no_part_in(task):
    asked = [f"Q: {record['question']}\nA:" for record in records()]
    for split in ("train", "test"):
        found = [item.prompt for item in read(task, split)]
        assert sorted(found) == sorted(q for q in asked if split_of(q) == split) != []
        assert found == sorted(found, key=item_id) != [q for q in asked if q in found]


def test_the_answer_is_what_follows_the_mark(task):
    item = read(task)[0]
    number = int(item.prompt.split()[3]) + 1
    assert (item.answer, item.target) == (str(number), f" {number}")
    assert (item.verifier, item.style, item.template) == ("number", "plain", task["path"])


def test_a_target_of_its_own(task):
    item = read({**task, "target": " {solution}"})[0]
    assert item.target == f" Add one.\n#### {item.answer}"


def broken(task, line, number=3):
    path = Path(task["path"])
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[number - 1] = line
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(UserError) as error:
        read(task)
    return str(error.value)


def test_a_column_that_is_missing_is_named_with_its_place(task):
    message = broken(task, '{"question": "What?", "answer": "3"}')
    assert message.startswith(f"{task['path']}:3: no column 'solution'")
    assert "['answer', 'question']" in message


def test_broken_json_is_named_with_its_place(task):
    assert broken(task, '{"question": "What?"', 5).startswith(f"{task['path']}:5: not valid JSON")


def test_a_line_that_is_no_record(task):
    assert broken(task, '["What?", "3"]').startswith(f"{task['path']}:3: not a JSON object")


@pytest.mark.parametrize(
    ("verifier", "answer", "problem"),
    [
        ("number", "one", "is not a number"),
        ("yes-no", "maybe", "is not yes or no, or true or false"),
        ("even-odd", "3", "is not even or odd"),
        ("word", "two words", "is not one word of letters"),
    ],
)
def test_an_answer_that_is_not_what_the_verifier_compares(task, verifier, answer, problem):
    question = read(task)[0].prompt[3:-3]  # one of this split
    path = task["path"]
    with open(path, "w") as file:
        file.write(json.dumps({"question": question, "solution": f"#### {answer}"}))
    with pytest.raises(UserError) as error:
        read({**task, "verifier": verifier})
    assert str(error.value).startswith(f"{path}:1: the answer {answer!r} {problem}")


@pytest.mark.parametrize("answer", ["No", "TRUE"])
def test_an_answer_of_yes_or_no(task, answer):
    question = read(task)[0].prompt[3:-3]
    with open(task["path"], "w") as file:
        file.write(json.dumps({"question": question, "solution": f"#### {answer}"}))
    (found,) = read({**task, "verifier": "yes-no"})
    assert (found.answer, found.verifier) == (answer, "yes-no")


def test_a_dataset_in_a_folder(tmp_path, monkeypatch):
    import datasets.config

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "own").mkdir()
    for split, n in (("train", 40), ("test", 3)):
        pd.DataFrame(records(n)).to_parquet(tmp_path / "own" / f"{split}-00000-of-00001.parquet")
    task = {**TASK, "id": str(tmp_path / "own"), "split": "train", "answer_after": "####"}
    found = [item for split in ("train", "test") for item in read(task, split)]
    assert 15 < len(found) < 30
    assert all(item.answer == str(int(item.prompt.split()[3]) + 1) for item in found)
    with pytest.raises(UserError, match=r"own, record 1: no column 'options'"):
        read({**task, "prompt": "{question} {options}"})


def test_blank_lines_are_no_records(task):
    found = read(task)
    path = Path(task["path"])
    path.write_text("\n" + path.read_text(encoding="utf-8").replace("\n", "\n\n") + "  \n", encoding="utf-8")
    assert read(task) == found


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"prompt": " {none}\n"}, "prompt"),
        ({"target": "{none} "}, "target"),
        ({"answer": "{none}", "verifier": "exact"}, "answer"),
        ({"answer": "{none}", "verifier": "chrf", "target": "{question}"}, "answer"),
    ],
)
def test_an_empty_text_is_named_with_its_place(task, changed, name):
    path = Path(task["path"])
    path.write_text(json.dumps({"question": "What?", "solution": "#### 1", "none": None}), encoding="utf-8")
    task |= changed
    split = split_of(task["prompt"].format(question="What?", none=""))
    with pytest.raises(UserError) as error:
        read(task, split)
    assert str(error.value) == f"{path}:1: the {name} is empty; change {name!r} of the task, or the record"


def test_half_a_surrogate_pair(task):
    message = broken(task, '{"question": "cut \\ud83d", "solution": "3"}')
    assert message.startswith(f"{task['path']}:3: the prompt has half a surrogate pair, '\\ud83d', which")


def test_a_file_that_cannot_be_opened(task, tmp_path):
    with pytest.raises(
        UserError, match=r"tasks: .*none\.jsonl: cannot be opened \(No such file.*; correct the"
    ):
        read({**task, "path": str(tmp_path / "none.jsonl")})


@pytest.mark.parametrize(
    ("text", "gold"),
    [
        *((text, True) for text in ("7", "-7", "$7", "-$1,018.00", "1018", "1,000,000", "0.50", "٣")),
        *((text, False) for text in ("", "one", "7 km", "1,00", "7.", ".5", "1e5", "nan", "--7", "1/2")),
    ],
)
def test_a_gold_number_is_one_that_the_verifier_reads_whole(text, gold):
    assert bool(GOLD["number"][0].fullmatch(text)) is gold
    if gold:
        assert last_number(text) == (0, len(text))
        number(text)


@pytest.mark.parametrize("verifier", WORDS)
def test_a_gold_option_is_one_of_the_verifiers(verifier):
    pattern, _ = GOLD[verifier]
    for words in WORDS[verifier]:
        assert all(pattern.fullmatch(word) and pattern.fullmatch(word.title()) for word in words)
        assert {VERIFIERS[verifier].normalise(word) for word in words} == {words[0]}
    assert not pattern.fullmatch("neither")


def split_and_read(task, questions):
    """All items, of whichever split, in the order of the questions."""
    found = {item.prompt: item for split in SPLITS for item in read(task, split)}
    assert len(found) == len(questions)
    return [found[task["prompt"].format(question=question)] for question in questions]


def test_gsm8k(tmp_path):
    # As the file has it: annotated steps, and the answer after ####, with separators.
    rows = [
        {"question": "How many clips?", "answer": "She sold 48/2 = <<48/2=24>>24 clips.\n#### 24"},
        {"question": "How much is it?", "answer": "It is $1,000 * 2 = $<<1000*2=2000>>2,000.\n#### 2,000"},
        {"question": "What is left?", "answer": "5 - 8 = <<5-8=-3>>-3.\n#### -3"},
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {"path": str(path), "prompt": "Q: {question}\nA:", "target": " {answer}", "answer": "{answer}"}
    task |= {"answer_after": "####", "verifier": "number"}
    found = split_and_read(task, [row["question"] for row in rows])
    assert [item.answer for item in found] == ["24", "2,000", "-3"]
    for item, row in zip(found, rows, strict=True):
        assert item.target == f" {row['answer']}"
        span = last_number(item.target)  # a model that writes the target is right
        assert number(item.target[span.start : span.end]) == number(item.answer)


MGSM = ["Wie viele Eier?", 'Wie viel "kostet" es?', "কত ডিম?"]


def test_mgsm_as_tsv(tmp_path):
    # No header, and quotation marks that are text.
    path = tmp_path / "mgsm_de.tsv"
    path.write_text("".join(f"{q}\t{n}\r\n" for q, n in zip(MGSM, ("18", "1,018", "3"), strict=True)))
    task = {"path": str(path), "columns": ["question", "answer"], "prompt": "{question}\nA:"}
    task |= {"answer": "{answer}", "verifier": "number"}
    assert [item.answer for item in split_and_read(task, MGSM)] == ["18", "1,018", "3"]


def test_mgsm_as_a_dataset_with_a_configuration_for_each_language(tmp_path, monkeypatch):
    import datasets.config

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    for lang, first in (("de", 18), ("fr", 5)):
        (tmp_path / "mgsm" / lang / "test").mkdir(parents=True)
        # The test split has no worked answers, and its numbers are integers.
        rows = {"question": MGSM, "answer": [None] * 3, "answer_number": [first, 1018, 3]}
        pd.DataFrame(rows).to_parquet(tmp_path / "mgsm" / lang / "test" / "0000.parquet")
    task = {"id": str(tmp_path / "mgsm"), "name": "fr", "split": "test", "revision": "refs/convert/parquet"}
    task |= {"prompt": "{question}\nA:", "answer": "{answer_number}", "verifier": "number"}
    assert [item.answer for item in split_and_read(task, MGSM)] == ["5", "1018", "3"]


def test_a_tsv_file_with_a_header(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("solution\tquestion\n3\tWhat is 2 + 1?\n\n4\tWhat is 3 + 1?\n")
    found = split_and_read({**TASK, "path": str(path)}, ["What is 2 + 1?", "What is 3 + 1?"])
    assert [item.answer for item in found] == ["3", "4"]


@pytest.mark.parametrize("columns", [None, ["question", "solution"]])
def test_a_tsv_line_with_other_columns(tmp_path, columns):
    path = tmp_path / "own.tsv"
    path.write_text("question\tsolution\nWhat?\t3\t4\n")
    with pytest.raises(UserError) as error:
        read({**TASK, "path": str(path), "answer": "3"} | ({"columns": columns} if columns else {}))
    assert str(error.value).startswith(f"{path}:2: 3 columns, and 2 have names (question, solution); correct")


def test_a_dataset_that_cannot_be_loaded(tmp_path):
    source = {**TASK, "id": str(tmp_path / "nowhere"), "split": "train", "revision": "abc"}
    with pytest.raises(UserError, match=r"tasks: records: .*nowhere@abc cannot be loaded \(.*check id"):
        read(source)


def test_a_dataset_that_breaks_off(monkeypatch):
    import datasets

    def load(*arguments, **options):
        yield from records(2)
        raise ConnectionError("lost")

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(
        UserError, match=r"owner/name@abc cannot be loaded beyond row 2 \(ConnectionError: lost"
    ):
        read({**TASK, "id": "owner/name", "split": "train", "revision": "abc", "answer_after": "####"})
