"""Which of an item's branches is its answer: several ways to select from the same branches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

WELL_FORMED = "answered"


def well_formed(branches: list[Any]) -> dict[str, list[Any]]:
    """Well-formed branches by answer, in the order of the first branch that gave it."""
    found = defaultdict(list)
    for branch in branches:
        if branch.status == WELL_FORMED:
            found[branch.extracted].append(branch)
    return found


def first(branches: list[Any]) -> Any | None:
    """The first branch, whatever its form: the greedy path, the best beam, or one sample."""
    return branches[0]


def cot_max(branches: list[Any]) -> Any | None:
    """The well-formed branch with the largest margin (Wang & Zhou 2024, maximum path)."""
    return max((one for group in well_formed(branches).values() for one in group), key=_margin, default=None)


def cot_aggregate(branches: list[Any]) -> Any | None:
    """The best branch of the answer whose margins add up to most (Wang & Zhou 2024, aggregated path)."""
    groups = well_formed(branches).values()
    best = max(groups, key=lambda group: sum(map(_margin, group)), default=None)
    return best and max(best, key=_margin)


def vote(branches: list[Any]) -> Any | None:
    """The first branch of the answer that most well-formed branches give; the margins play no part.

    Over samples this is self-consistency (Wang et al. 2023).
    """
    best = max(well_formed(branches).values(), key=len, default=None)
    return best and best[0]


def oracle(branches: list[Any]) -> Any | None:
    """A right branch, if there is one: the bound on what any selection can reach."""
    return next((branch for branch in branches if branch.correct), None)


def _margin(branch: Any) -> float:
    return branch.margin


def aggregated_margin(branches: list[Any], chosen: Any) -> float:
    """The sum of margins behind the answer of a chosen branch."""
    return sum(map(_margin, well_formed(branches)[chosen.extracted]))


# Ties go to the answer, then to the branch, of the lower number: max() keeps the first.
SELECTIONS: dict[str, Callable[[list[Any]], Any | None]] = {
    "first": first,
    "max": cot_max,
    "aggregate": cot_aggregate,
    "vote": vote,
    "oracle": oracle,
}


def per_byte(choices: list[Any]) -> Any | None:
    """The choice with the highest log-likelihood per byte, so that longer ones are not at a disadvantage."""
    return max(choices, key=lambda choice: choice.log_likelihood_per_byte)


# Where a model chooses, its "branches" are the choices by likelihood, so that greedy takes the likeliest.
CHOOSERS: dict[str, Callable[[list[Any]], Any | None]] = {"greedy": first, "per-byte": per_byte}


def by_item(answers: Any) -> dict[str, list[Any]]:
    """Rows of an answers table (a data frame) by item, each item's branches by rank."""
    found = defaultdict(list)
    for row in answers.sort_values(["item_id", "branch"]).itertuples():
        found[row.item_id].append(row)
    return dict(found)
