"""Arms that have as many parameters as another one: their rank is found, not given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lib.adaptation.arm import Arm

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def nearest(count: Callable[[int], int], wanted: int) -> int:
    """The rank, from 1, whose count is nearest to the one that is wanted; the lower of two that are as near.

    Args:
        count: parameters of a rank; rises with it.
        wanted: parameters to come near to.
    """
    high = 1
    while count(high) < wanted:
        high *= 2
    low = 1
    while low < high:  # the lowest rank that has enough
        middle = (low + high) // 2
        if count(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > 1 and wanted - count(low - 1) <= count(low) - wanted else low


def solved(model: PreTrainedModel, arm: Arm) -> Arm:
    """An arm with its rank: as it is, or for one that matches another arm found on the model at hand."""
    from lib.adaptation.methods import METHODS

    if arm.match is None:
        return arm
    other = replace(arm, **{"rank": None, "targets": None, **arm.match, "match": None})
    method = METHODS[arm.method]
    wanted = METHODS[other.method].parameters(model, other)
    return replace(arm, rank=nearest(lambda rank: method.parameters(model, replace(arm, rank=rank)), wanted))


def grounded(
    model: PreTrainedModel, arms: Iterable[Arm], under: Path | None
) -> tuple[PreTrainedModel, list[Arm]]:
    """A model ready for some arms, and these with their ranks, found on the bare model.

    Args:
        model: as it was loaded; changed in place.
        arms: of one method.
        under: folder of the adapter that they are put on, frozen; none for the bare model.
    """
    from lib.adaptation.reading import adapted

    found = [solved(model, arm) for arm in arms]
    return adapted(model, under) if under else model, found
