from types import SimpleNamespace
from typing import NamedTuple

import pandas as pd
import pytest

from lib.decoding.selection import CHOOSERS, SELECTIONS, aggregated_margin, by_item


class Branch(NamedTuple):
    branch: int
    extracted: str | None
    margin: float | None
    status: str = "answered"
    correct: bool = False


def item(*branches):
    """Branches by rank; each is answer, margin and what else differs."""
    return [Branch(rank, *fields) for rank, fields in enumerate(branches)]


# The greedy path is alone; 8 has the largest margin, 5 the largest sum, 7 the most votes.
CASE = item(
    ("1", 0.30),
    ("7", 0.20),
    ("5", 0.60),
    ("8", 0.90),
    ("7", 0.25),
    ("5", 0.55),
    ("7", 0.10, "answered", True),
)
# The best of every kind is ill-formed.
ILL_FORMED = item(
    ("1", 0.99, "length"),
    ("1", 0.99, "question", True),
    ("1", 0.99, "length"),
    (None, None, "no-answer"),
    ("2", 0.10),
    (None, None, "empty"),
)
TIES = item(("3", 0.5), ("4", 0.5), ("4", 0.25), ("3", 0.25))
NOTHING = item((None, None, "empty"), (None, None, "no-answer"))


@pytest.mark.parametrize(
    ("branches", "chosen"),
    [
        (CASE, {"first": 0, "max": 3, "aggregate": 2, "vote": 1, "oracle": 6}),
        (ILL_FORMED, {"first": 0, "max": 4, "aggregate": 4, "vote": 4, "oracle": 1}),
        (TIES, {"first": 0, "max": 0, "aggregate": 0, "vote": 0, "oracle": None}),
        (TIES[1:], {"first": 1, "max": 1, "aggregate": 1, "vote": 1, "oracle": None}),
        (NOTHING, {"first": 0, "max": None, "aggregate": None, "vote": None, "oracle": None}),
    ],
)
def test_cases_by_hand(branches, chosen):
    found = {name: select(branches) for name, select in SELECTIONS.items()}
    assert {name: one and one.branch for name, one in found.items()} == chosen


def test_the_representative_is_the_surest_branch_of_the_answer():
    branches = item(("5", 0.3), ("5", 0.6), ("8", 0.7))
    assert SELECTIONS["aggregate"](branches).branch == 1
    assert SELECTIONS["vote"](branches).branch == 0


def test_margins_of_ill_formed_paths_do_not_add_up():
    branches = item(("1", 0.9, "length"), ("1", 0.2), ("1", 0.3), ("2", 0.4))
    assert aggregated_margin(branches, branches[1]) == pytest.approx(0.5)
    assert aggregated_margin(branches, branches[3]) == pytest.approx(0.4)


def test_only_the_oracle_reads_what_is_right():
    swapped = [one._replace(correct=not one.correct) for one in CASE]
    for name, select in SELECTIONS.items():
        assert (select(CASE).branch == select(swapped).branch) == (name != "oracle")


def test_rows_by_item_and_rank():
    table = pd.DataFrame({"item_id": ["b", "a", "b", "a"], "branch": [1, 1, 0, 0], "margin": [1, 2, 3, 4]})
    found = by_item(table)
    assert list(found) == ["a", "b"]
    assert [row.margin for row in found["b"]] == [3, 1]


def test_of_choices_the_likeliest_or_the_likeliest_per_byte():
    choices = [
        SimpleNamespace(branch=n, log_likelihood_per_byte=value) for n, value in enumerate([-3, -1, -2])
    ]
    assert {name: choose(choices).branch for name, choose in CHOOSERS.items()} == {"greedy": 0, "per-byte": 1}
