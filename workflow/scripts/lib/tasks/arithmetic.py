"""Sums of several integers, answered directly or step by step.

Example item: prompt ``Q: 39 - 67 - 67\\nA:``; direct target `` -95``; worked target
`` 39 - 67 = -28. -28 - 67 = -95. The answer is -95``; answer ``-95``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib.seeds import derive, share
from lib.tasks.item import Item, item_id, split_of

DRAWS = 200_000  # where a task has few questions, a split is at an end after so many


def solve(terms: list[int], signs: list[str]) -> tuple[int, str]:
    """The value of ``terms[0] signs[0] terms[1] ...`` and its working, a step a sentence."""
    value, steps = terms[0], []
    for sign, term in zip(signs, terms[1:], strict=True):
        result = value + term if sign == "+" else value - term
        steps.append(f"{value} {sign} {term} = {result}.")
        value = result
    return value, " ".join(steps)


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions of one split, with repeats.

    Args:
        task: ``terms`` (how many), ``digits`` (of each), ``worked_share`` (of the targets).
        split: which questions to keep.
        seed: of the stream that questions are drawn from.
        documents: unused.
    """
    rng = random.Random(derive(seed, "arithmetic"))
    low, high = 10 ** (task["digits"] - 1), 10 ** task["digits"] - 1
    for _ in range(DRAWS):
        terms = [rng.randint(low, high) for _ in range(task["terms"])]
        signs = [rng.choice("+-") for _ in terms[1:]]
        question = str(terms[0]) + "".join(
            f" {sign} {term}" for sign, term in zip(signs, terms[1:], strict=True)
        )
        if split_of(question) != split:
            continue
        value, working = solve(terms, signs)
        worked = share(question, "style") < task["worked_share"]
        yield Item(
            item_id(question),
            prompt=f"Q: {question}\nA:",
            target=f" {working} The answer is {value}" if worked else f" {value}",
            answer=str(value),
            verifier="number",
            template=f"{task['terms']}x{task['digits']}",
            style="worked" if worked else "direct",
        )
