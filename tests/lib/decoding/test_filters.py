from typing import NamedTuple

import pytest

from lib.decoding.filters import FILTERS


class Branch(NamedTuple):
    """A judged branch that will not say whether it is right."""

    item_id: str
    branch: int
    extracted: str | None
    margin: float | None
    status: str

    @property
    def correct(self):
        raise AssertionError("a filter read whether an answer is right")

    score = correct


def pool(items=12, branches=4):
    """Item i has answers x, y, x, y with margins that grow with i; its last branch is ill-formed."""
    found = {}
    for number in range(items):
        name = f"item-{number:02}"
        found[name] = [
            Branch(name, rank, "xy"[rank % 2], 0.01 * number + 0.1 * rank, "answered")
            for rank in range(branches - 1)
        ]
        found[name].append(Branch(name, branches - 1, "y", 0.99, "length"))
    found["nothing"] = [Branch("nothing", 0, None, None, "no-answer")]
    return found


@pytest.mark.parametrize("name", FILTERS)
def test_at_most_one_well_formed_chain_an_item(name):
    chains = FILTERS[name](pool(), 0)
    assert sorted(chain.branch.item_id for chain in chains) == [f"item-{i:02}" for i in range(12)]
    assert all(chain.branch.status == "answered" for chain in chains)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_deterministic(name):
    assert FILTERS[name](pool(), 3) == FILTERS[name](pool(), 3)


def test_confidence_takes_the_surest_answers_first():
    chains = FILTERS["confidence"](pool(), 0)
    # Answer x has branches 0 and 2: margins 0.01 i + (0.01 i + 0.2); y alone has 0.01 i + 0.1.
    assert [chain.branch.item_id for chain in chains] == [f"item-{i:02}" for i in reversed(range(12))]
    assert all(chain.branch.branch == 2 for chain in chains)
    assert chains[0].confidence == pytest.approx(2 * 0.11 + 0.2)
    assert FILTERS["confidence"](pool(), 1) == chains


def test_equal_confidence_goes_by_item():
    items = {name: [Branch(name, 0, "x", 0.5, "answered")] for name in ("b", "a", "c")}
    assert [chain.branch.item_id for chain in FILTERS["confidence"](items, 0)] == ["a", "b", "c"]


def test_the_control_draws_from_its_seed():
    chains = FILTERS["random"](pool(), 0)
    assert chains != FILTERS["random"](pool(), 1)
    drawn = {chain.branch.branch for seed in range(5) for chain in FILTERS["random"](pool(), seed)}
    assert drawn == {0, 1, 2}
    names = [chain.branch.item_id for chain in chains]
    assert names != sorted(names)
    of_y = next(chain for chain in chains if chain.branch.extracted == "y")
    assert of_y.confidence == pytest.approx(of_y.branch.margin)
