"""Which of a round's own chains train the next model.

A filter maps the judged branches of a pool to the chains that may be kept, best first. None reads
whether an answer is right.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from lib.decoding.selection import WELL_FORMED, aggregated_margin, cot_aggregate
from lib.seeds import derive


class Chain(NamedTuple):
    """A branch that may be trained on, and the confidence in its answer."""

    branch: Any
    confidence: float


def confidence(items: dict[str, list[Any]], seed: int) -> list[Chain]:
    """The aggregated path of each item (Wang & Zhou 2024), surest first."""
    chosen = ((cot_aggregate(branches), branches) for branches in items.values())
    chains = [Chain(branch, aggregated_margin(branches, branch)) for branch, branches in chosen if branch]
    return sorted(chains, key=lambda chain: (-chain.confidence, chain.branch.item_id))


def arbitrary(items: dict[str, list[Any]], seed: int) -> list[Chain]:
    """The control: any well-formed branch of each item, in any order, drawn from the seed."""
    rng = random.Random(derive(seed, "random filter"))
    chains = []
    for branches in items.values():
        if formed := [branch for branch in branches if branch.status == WELL_FORMED]:
            branch = rng.choice(formed)
            chains.append(Chain(branch, aggregated_margin(branches, branch)))
    rng.shuffle(chains)
    return chains


FILTERS: dict[str, Callable[[dict[str, list[Any]], int], list[Chain]]] = {
    "confidence": confidence,
    "random": arbitrary,
}
