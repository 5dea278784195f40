"""Whether a coin is still heads up after some people flip it and others do not (Wei et al. 2022, section 5).

Example item: prompt ``Q: A coin is heads up. Anna flips the coin. Pedro does not flip the coin. Is the coin
still heads up?\\nA:``; direct target `` no``; worked target `` Anna flips the coin, so it is tails up. Pedro
does not flip the coin, so it is tails up. The answer is no``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib.seeds import derive
from lib.tasks import drawn
from lib.tasks.drawn import Problem
from lib.tasks.item import Item
from lib.tasks.names import NAMES


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions of one split, with repeats.

    Args:
        task: ``people`` (in a question), ``worked_share`` (of the targets).
        split: which questions to keep.
        seed: of the stream that people, and what they do, are drawn from.
        documents: unused.
    """
    return drawn.items(_problems(task, seed), task, split, "yes-no")


def _problems(task: dict[str, Any], seed: int) -> Iterator[Problem]:
    rng = random.Random(derive(seed, "coin_flip"))
    while True:
        told, steps, heads = [], [], True
        for name in rng.sample(NAMES, task["people"]):
            flips = rng.random() < 0.5
            heads = heads is not flips
            deed = f"{name} {'flips' if flips else 'does not flip'} the coin"
            told.append(f"{deed}.")
            steps.append(f"{deed}, so it is {'heads' if heads else 'tails'} up.")
        yield Problem(
            f"A coin is heads up. {' '.join(told)} Is the coin still heads up?",
            "yes" if heads else "no",
            " ".join(steps),
            f"{task['people']}",
        )
