"""A learning rate for each arm, chosen on the dev split: all arms with the same rates and the same steps."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lib.adaptation import outcome
from lib.adaptation.arm import Arm
from lib.adaptation.outcome import Outcome
from lib.contracts.lora import FINISHED, STOPPED, TUNING
from lib.run import Diverged


def rungs(steps: int, rates: int) -> list[int]:
    """The steps after which rates are compared; the last is the end.

    Between two of them the steps double, as the number of rates may halve: each round of successive
    halving then costs the same (Jamieson and Talwalkar 2016).
    """
    halvings = math.ceil(math.log2(rates))
    return sorted({max(1, steps // 2**halving) for halving in range(halvings + 1)})


def search_rates(
    rates: Sequence[float], steps: int, halving: bool, trial: Callable[[float, int], float]
) -> list[dict[str, Any]]:
    """Try learning rates, and take their dev losses at each comparison (:func:`rungs`).

    Args:
        rates: what is tried.
        steps: length of a whole trial.
        halving: whether after each comparison only the better half goes on, of an odd number the larger.
        trial: trains with a rate up to a step, going on from where it was, and returns the dev loss.

    Returns:
        a row a rate and comparison, with columns of the contract lora.TUNING: ``learning_rate``, ``step``,
        ``dev_loss``, ``status`` and ``reason``. A rate that failed has a last row without a loss, at the
        step at which it diverged, or at the comparison before which memory ran out.
    """
    found: dict[float, list[dict[str, Any]]] = {rate: [] for rate in rates}
    ended = dict.fromkeys(rates, Outcome(FINISHED))
    alive = list(rates)
    for step in rungs(steps, len(rates)):
        losses = {}
        for rate in alive:
            try:
                losses[rate] = trial(rate, step)
            except Exception as error:
                ended[rate] = outcome.of(error)
                print(f"note: rate {rate:g}: {ended[rate].reason}", file=sys.stderr)
                failed_at = len(error.steps) + 1 if isinstance(error, Diverged) else step
                found[rate].append({"step": failed_at, "dev_loss": None})
            else:
                found[rate].append({"step": step, "dev_loss": losses[rate]})
        alive = list(losses)
        if halving and step < steps:
            ranked = sorted(losses, key=lambda rate: (losses[rate], rate))
            for rate in ranked[math.ceil(len(ranked) / 2) :]:
                ended[rate] = Outcome(STOPPED)
                alive.remove(rate)
    return [
        {**row, "learning_rate": rate, **ended[rate]._asdict()}
        for rate, rows in found.items()
        for row in rows
    ]


def untried(rates: Sequence[float], ended: Outcome) -> list[dict[str, Any]]:
    """Rows as of :func:`search_rates`, where no rate could be tried: one a rate, with the reason."""
    return [{"step": 0, "dev_loss": None, "learning_rate": rate, **ended._asdict()} for rate in rates]


def choice(found: Sequence[dict[str, Any]]) -> float | None:
    """The learning rate with the lowest dev loss at the end; of two as good, the lower one.

    Where none came to the end it is the best of those that were stopped; where all failed there is none.

    Args:
        found: see :func:`search_rates`.
    """
    for status in (FINISHED, STOPPED):
        losses = {row["learning_rate"]: row["dev_loss"] for row in found if row["status"] == status}
        if losses:
            return min(losses, key=lambda rate: (losses[rate], rate))
    return None


def at_edge(rate: float | None, rates: Sequence[float]) -> bool:
    """Whether a rate is chosen, and the lowest or highest that was tried: a better one may lie beyond."""
    return len(rates) > 1 and rate in (min(rates), max(rates))


def tuned(arm: Arm, table: Path | None) -> Arm:
    """An arm with the learning rate that its tuning chose, None if it failed; without a table, as it is."""
    if table is None:
        return arm
    found = TUNING.read(table)
    chosen = found.loc[found["chosen"], "learning_rate"].tolist()
    return replace(arm, learning_rate=chosen[0] if chosen else None)


def require_rate(table: Path) -> None:
    """Make sure that a tuning chose a learning rate.

    Raises:
        outcome.Failed: all rates failed; status and reason are those of the lowest.
    """
    found = TUNING.read(table)
    if not found["chosen"].any():
        lowest = found.sort_values("learning_rate", kind="stable").iloc[0]
        reason = f"{table} has no learning rate to train with: {lowest['reason']}"
        raise outcome.Failed(Outcome(lowest["status"], reason))
