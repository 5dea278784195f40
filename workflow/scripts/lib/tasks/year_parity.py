"""Whether the year of a person's birth is even or odd, which takes knowledge (Wang & Zhou 2024, section 3.2).

Example item: prompt ``Q: Was Albert Einstein born in an even or odd year?\\nA:``; direct target `` odd``;
worked target `` Albert Einstein was born in 1879. 1879 is odd. The answer is odd``.
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
from lib.tasks.people import BORN


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions of one split, a question a person.

    Args:
        task: ``worked_share`` (of the targets).
        split: which questions to keep.
        seed: of the order of people.
        documents: unused.
    """
    return drawn.items(_problems(seed), task, split, "even-odd")


def _problems(seed: int) -> Iterator[Problem]:
    for name in random.Random(derive(seed, "year_parity")).sample(sorted(BORN), len(BORN)):
        year = BORN[name]
        parity = "odd" if year % 2 else "even"
        yield Problem(
            f"Was {name} born in an even or odd year?",
            parity,
            f"{name} was born in {year}. {year} is {parity}.",
            "birth",
        )
