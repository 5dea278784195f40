"""Which chains of a pool train the next model: the arms of a loop's experiment.

A filter maps the judged branches of a pool's items to at most so many chains, an item giving at most one.
The first is the method; the others are its controls and bounds. What is equal between them, given one
block of settings but for the filter: the questions of the pool, the most chains that are kept, the
training steps, and the rows of a step or its target tokens, whichever steps are counted in. What is not, and
so is reported of every round: how many chains there were to keep (a filter may find fewer, as gold does
where few questions are answered right), how many of them are right, and how many target tokens were trained
on, since chains differ in length.

Only gold reads whether an answer is right, and only gold chains read what the task itself would write.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from lib.decoding.selection import WELL_FORMED, aggregated_margin, cot_aggregate, vote, well_formed
from lib.seeds import derive

Items = dict[str, list[Any]]  # by name each item's branches, by rank: rows of contract answers.ANSWERS


class Chain(NamedTuple):
    """What is trained on under one question.

    Attributes:
        item_id: the question.
        branch: the branch that is its target, of another question in shuffled pairs; none for what the task
            itself would write.
        confidence: the aggregated margin of the branch's answer; none without a branch.
    """

    item_id: str
    branch: Any | None
    confidence: float | None


def _chains(items: Items, choose: Callable[[list[Any]], Any | None]) -> list[Chain]:
    """The chosen branch of each item that has one."""
    chosen = ((name, branches, choose(branches)) for name, branches in items.items())
    return [
        Chain(name, branch, aggregated_margin(branches, branch))
        for name, branches, branch in chosen
        if branch is not None
    ]


def _drawn(chains: list[Chain], most: int, seed: int, purpose: str) -> list[Chain]:
    """Some of the chains, in any order."""
    return random.Random(derive(seed, purpose)).sample(chains, min(most, len(chains)))


def _surest(chains: list[Chain], most: int) -> list[Chain]:
    return sorted(chains, key=lambda chain: (-chain.confidence, chain.item_id))[:most]


def confidence(items: Items, most: int, seed: int) -> list[Chain]:
    """The aggregated path of each item (Wang & Zhou 2024), surest first."""
    return _surest(_chains(items, cot_aggregate), most)


def arbitrary(items: Items, most: int, seed: int) -> list[Chain]:
    """Any well-formed branch of any items: what training on one's own chains does without a selection."""
    rng = random.Random(derive(seed, "random branch"))
    return _drawn(_chains(items, lambda branches: _any(branches, rng)), most, seed, "random items")


def _any(branches: list[Any], rng: random.Random) -> Any | None:
    formed = [branch for branch in branches if branch.status == WELL_FORMED]
    return rng.choice(formed) if formed else None


def inverse(items: Items, most: int, seed: int) -> list[Chain]:
    """The least sure path of the answer that is least sure, of the items least sure of theirs."""
    chains = _chains(items, _least_sure)
    return sorted(chains, key=lambda chain: (chain.confidence, chain.item_id))[:most]


def _least_sure(branches: list[Any]) -> Any | None:
    groups = well_formed(branches).values()
    worst = min(groups, key=lambda group: sum(branch.margin for branch in group), default=None)
    return worst and min(worst, key=lambda branch: branch.margin)


def majority(items: Items, most: int, seed: int) -> list[Chain]:
    """The first branch of the answer with most votes, the items with most votes first (Huang et al. 2023)."""
    votes = {
        name: max(map(len, well_formed(branches).values()), default=0) for name, branches in items.items()
    }
    chains = _chains(items, vote)
    return sorted(chains, key=lambda chain: (-votes[chain.item_id], chain.item_id))[:most]


def gold(items: Items, most: int, seed: int) -> list[Chain]:
    """The surest of the right branches: a filter that makes no mistakes (STaR, Zelikman et al. 2022)."""
    return _surest(_chains(items, _right), most)


def _right(branches: list[Any]) -> Any | None:
    return cot_aggregate([branch for branch in branches if branch.correct])


def greedy(items: Items, most: int, seed: int) -> list[Chain]:
    """The greedy path of any items, where it is well-formed: training on what is written anyway."""
    return _drawn(_chains(items, _well_formed_first), most, seed, "greedy items")


def _well_formed_first(branches: list[Any]) -> Any | None:
    return branches[0] if branches[0].status == WELL_FORMED else None


def gold_chains(items: Items, most: int, seed: int) -> list[Chain]:
    """The task's own worked solutions of any items: what training on right chains from outside comes to."""
    return _drawn([Chain(name, None, None) for name in items], most, seed, "gold items")


def shuffled(items: Items, most: int, seed: int) -> list[Chain]:
    """The chains that confidence keeps, each under the question of another: form without sense."""
    kept = confidence(items, most, seed)
    order = _drawn(kept, len(kept), seed, "pairs")
    questions = [chain.item_id for chain in order]
    return [
        Chain(question, *chain[1:])
        for question, chain in zip(questions[1:] + questions[:1], order, strict=True)
    ]


FILTERS: dict[str, Callable[[Items, int, int], list[Chain]]] = {
    "confidence": confidence,
    "random": arbitrary,
    "inverse": inverse,
    "vote": majority,
    "gold": gold,
    "greedy": greedy,
    "gold-chains": gold_chains,
    "shuffled": shuffled,
}
