import re
from itertools import islice

import pytest

from lib.tasks import drawn as stream
from lib.tasks.arithmetic import items, solve
from lib.tasks.item import item_id

TASK = {"terms": 3, "digits": 2, "worked_share": 0.5}
SPLITS = ["train", "dev", "test", *(f"pool-{number}" for number in range(1, 11))]


def drawn(split, n, seed=0, **changed):
    return list(islice(items({**TASK, **changed}, split, seed, []), n))


def test_an_example_by_hand():
    assert solve([39, 67, 67], ["-", "-"]) == (-95, "39 - 67 = -28. -28 - 67 = -95.")
    assert solve([1, 2], ["+"]) == (3, "1 + 2 = 3.")


def test_targets_are_right():
    found = drawn("train", 300)
    for item in found:
        question = re.fullmatch(r"Q: (\d\d [+-] \d\d [+-] \d\d)\nA:", item.prompt)[1]
        assert item.answer == str(eval(question))
        assert (item.verifier, item.template, item.item_id) == ("number", "3x2", item_id(question))
        if item.style == "direct":
            assert item.target == f" {item.answer}"
            continue
        first, second, end = re.fullmatch(r" (.+?)\. (.+?)\. The answer is (-?\d+)", item.target).groups()
        assert end == item.answer
        a, b, c = re.split(r" [+-] ", question)
        sign, other = re.findall(r" ([+-]) ", question)
        half = eval(f"{a} {sign} {b}")
        assert first == f"{a} {sign} {b} = {half}"
        assert second == f"{half} {other} {c} = {item.answer}"


def test_the_share_of_worked_targets():
    assert 120 < sum(item.style == "worked" for item in drawn("train", 300)) < 180
    assert {item.style for item in drawn("train", 50, worked_share=0)} == {"direct"}
    assert {item.style for item in drawn("train", 50, worked_share=1)} == {"worked"}


def test_a_question_has_one_style_under_every_seed():
    style = {}
    for seed in range(3):
        for item in drawn("train", 300, seed, terms=2):
            assert style.setdefault(item.item_id, item.style) == item.style


def test_no_split_shares_a_question_whatever_seed_and_size(monkeypatch):
    monkeypatch.setattr(stream, "DRAWS", 5000)
    # A small space: 9 x 9 x 2 questions, so that a split by seed or by place would show at once.
    where = {}
    for seed, size in ((0, 30), (1, 200), (2, 400)):
        for split in SPLITS:
            for item in drawn(split, size, seed, terms=2, digits=1):
                assert where.setdefault(item.item_id, split) == split
    assert len(where) == 162
    assert set(where.values()) == set(SPLITS)


def test_a_larger_split_begins_with_the_smaller():
    assert drawn("test", 100)[:20] == drawn("test", 20)
    assert drawn("test", 20) != drawn("test", 20, seed=1)


@pytest.mark.parametrize("split", ["train", "test"])
def test_few_questions_come_to_an_end(split, monkeypatch):
    monkeypatch.setattr(stream, "DRAWS", 2000)
    found = {item.item_id for item in items({**TASK, "terms": 1, "digits": 1}, split, 0, [])}
    assert len(found) < 9
