"""The last letters of names, put together (Wei et al. 2022, section 5).

Example item: prompt ``Q: What do you get when you put the last letters of "Anna Pedro" together?\\nA:``;
direct target `` ao``; worked target `` The last letter of Anna is a. The last letter of Pedro is o. The
answer is ao``.
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
        task: ``words`` (names in a question), ``worked_share`` (of the targets).
        split: which questions to keep.
        seed: of the stream that names are drawn from.
        documents: unused.
    """
    return drawn.items(_problems(task, seed), task, split, "word")


def _problems(task: dict[str, Any], seed: int) -> Iterator[Problem]:
    rng = random.Random(derive(seed, "last_letters"))
    while True:
        names = rng.choices(NAMES, k=task["words"])
        yield Problem(
            f'What do you get when you put the last letters of "{" ".join(names)}" together?',
            "".join(name[-1] for name in names),
            " ".join(f"The last letter of {name} is {name[-1]}." for name in names),
            f"{task['words']}",
        )
