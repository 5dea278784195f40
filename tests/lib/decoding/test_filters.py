from typing import NamedTuple

import pytest

from lib.decoding.filters import FILTERS

ALL = 99


class Branch(NamedTuple):
    """A judged branch that will not say whether it is right."""

    item_id: str
    branch: int
    extracted: str | None
    margin: float | None
    status: str = "answered"

    @property
    def correct(self):
        raise AssertionError("a filter read whether an answer is right")

    score = correct


class Judged(Branch):
    """A branch whose answer is right where it is x."""

    @property
    def correct(self):
        return self.extracted == "x"


def pool(kind=Branch):
    """Item i has answers x, y, x with margins that grow with i; its last branch is ill-formed."""
    found = {}
    for number in range(12):
        name = f"item-{number:02}"
        found[name] = [kind(name, rank, "xyx"[rank], 0.01 * number + 0.1 * rank) for rank in range(3)]
        found[name].append(kind(name, 3, "y", 0.99, "length"))
    found["nothing"] = [kind("nothing", 0, None, None, "no-answer")]
    return found


ITEMS = [name for name in pool() if name != "nothing"]
BLIND = [name for name in FILTERS if name not in ("gold", "gold-chains")]


@pytest.mark.parametrize("name", BLIND)
def test_at_most_one_well_formed_chain_an_item(name):
    chains = FILTERS[name](pool(), ALL, 0)
    assert sorted(chain.item_id for chain in chains) == ITEMS
    assert sorted(chain.branch.item_id for chain in chains) == ITEMS
    assert all(chain.branch.status == "answered" for chain in chains)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_keep_as_many_as_asked_and_are_deterministic(name):
    chains = FILTERS[name](pool(Judged), 5, 3)
    assert len({chain.item_id for chain in chains}) == 5
    assert FILTERS[name](pool(Judged), 5, 3) == chains


@pytest.mark.parametrize("name", ["confidence", "inverse", "vote", "gold"])
def test_ranked_filters_draw_nothing(name):
    assert FILTERS[name](pool(Judged), 5, 1) == FILTERS[name](pool(Judged), 5, 0)


@pytest.mark.parametrize("name", ["random", "greedy", "gold-chains", "shuffled"])
def test_the_others_draw_from_their_seed(name):
    drawn = [FILTERS[name](pool(Judged), 5, seed) for seed in (0, 1)]
    assert drawn[0] != drawn[1]


def ranked(name, kind=Branch):
    return [(chain.item_id, chain.branch.branch) for chain in FILTERS[name](pool(kind), 3, 0)]


def test_confidence_takes_the_surest_answers_first():
    # Answer x has branches 0 and 2: margins 0.01 i + (0.01 i + 0.2); y alone has 0.01 i + 0.1.
    assert ranked("confidence") == [("item-11", 2), ("item-10", 2), ("item-09", 2)]
    assert FILTERS["confidence"](pool(), 1, 0)[0].confidence == pytest.approx(2 * 0.11 + 0.2)


def test_inverse_takes_the_least_sure_first():
    # Answer y has half of what x has behind it.
    assert ranked("inverse") == [("item-00", 1), ("item-01", 1), ("item-02", 1)]


def test_vote_counts_branches_and_not_margins():
    items = pool() | {"many": [Branch("many", rank, "z", 0.0) for rank in range(3)]}
    chains = FILTERS["vote"](items, 2, 0)
    assert [(chain.item_id, chain.branch.branch) for chain in chains] == [("many", 0), ("item-00", 0)]


def test_gold_takes_the_surest_right_branch_of_items_that_have_one():
    items = pool(Judged) | {"wrong": [Judged("wrong", 0, "y", 5.0)]}
    chains = FILTERS["gold"](items, ALL, 0)
    assert [chain.item_id for chain in chains] == ITEMS[::-1]
    assert {(chain.branch.extracted, chain.branch.branch) for chain in chains} == {("x", 2)}


def test_greedy_takes_first_branches_only():
    items = pool() | {"cut": [Branch("cut", 0, "x", 0.9, "length"), Branch("cut", 1, "x", 0.9)]}
    chains = FILTERS["greedy"](items, ALL, 0)
    assert sorted(chain.item_id for chain in chains) == ITEMS
    assert {chain.branch.branch for chain in chains} == {0}
    assert [chain.item_id for chain in chains] != ITEMS


def test_gold_chains_need_no_branch():
    chains = FILTERS["gold-chains"](pool(), ALL, 0)
    assert sorted(chain.item_id for chain in chains) == sorted(pool())
    assert {chain[1:] for chain in chains} == {(None, None)}


def test_shuffled_pairs_are_those_of_confidence_and_none_stays():
    chains, kept = (FILTERS[name](pool(), 6, 0) for name in ("shuffled", "confidence"))
    assert {chain.branch for chain in chains} == {chain.branch for chain in kept}
    assert {chain.item_id for chain in chains} == {chain.item_id for chain in kept}
    assert all(chain.item_id != chain.branch.item_id for chain in chains)


def test_random_takes_any_branch():
    drawn = {chain.branch.branch for seed in range(5) for chain in FILTERS["random"](pool(), ALL, seed)}
    assert drawn == {0, 1, 2}
    of_y = next(chain for chain in FILTERS["random"](pool(), ALL, 0) if chain.branch.extracted == "y")
    assert of_y.confidence == pytest.approx(of_y.branch.margin)


def test_equal_confidence_goes_by_item():
    items = {name: [Branch(name, 0, "x", 0.5)] for name in ("b", "a", "c")}
    assert [chain.item_id for chain in FILTERS["confidence"](items, ALL, 0)] == ["a", "b", "c"]
