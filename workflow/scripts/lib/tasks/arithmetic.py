"""Sums of several integers, answered directly or step by step, or chosen from several numbers.

Example item: prompt ``Q: 39 - 67 - 67\\nA:``; direct target `` -95``; worked target
`` 39 - 67 = -28. -28 - 67 = -95. The answer is -95``; answer ``-95``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib.seeds import derive
from lib.tasks import drawn
from lib.tasks.drawn import Problem
from lib.tasks.item import Item, item_id

NEAR = 10  # how far a wrong choice is from the right one, at most


def solve(terms: list[int], signs: list[str]) -> tuple[int, str]:
    """The value of ``terms[0] signs[0] terms[1] ...`` and its working, a step a sentence."""
    value, steps = terms[0], []
    for sign, term in zip(signs, terms[1:], strict=True):
        result = value + term if sign == "+" else value - term
        steps.append(f"{value} {sign} {term} = {result}.")
        value = result
    return value, " ".join(steps)


def _problems(task: dict[str, Any], seed: int) -> Iterator[Problem]:
    rng = random.Random(derive(seed, "arithmetic"))
    low, high = 10 ** (task["digits"] - 1), 10 ** task["digits"] - 1
    while True:
        terms = [rng.randint(low, high) for _ in range(task["terms"])]
        signs = [rng.choice("+-") for _ in terms[1:]]
        question = str(terms[0]) + "".join(
            f" {sign} {term}" for sign, term in zip(signs, terms[1:], strict=True)
        )
        value, working = solve(terms, signs)
        yield Problem(question, str(value), working, f"{task['terms']}x{task['digits']}")


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions of one split, with repeats.

    Args:
        task: ``terms`` (how many), ``digits`` (of each), ``worked_share`` (of the targets).
        split: which questions to keep.
        seed: of the stream that questions are drawn from.
        documents: unused.
    """
    return drawn.items(_problems(task, seed), task, split, "number")


def choices(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """The same questions with several numbers to choose from: the right one, and others that are near it.

    Args:
        task: ``terms`` (how many), ``digits`` (of each), ``choices`` (numbers, the right one among them).
        split: which questions to keep.
        seed: of the stream that questions are drawn from.
        documents: unused.
    """
    for problem in drawn.in_split(_problems(task, seed), split):
        value = int(problem.answer)
        rng = random.Random(derive(seed, "choices", problem.question))
        near = [value + distance for distance in range(-NEAR, NEAR + 1) if distance]
        numbers = [value, *rng.sample(near, task["choices"] - 1)]
        rng.shuffle(numbers)
        yield Item(
            item_id(problem.question),
            prompt=f"Q: {problem.question}\nA:",
            target=f" {value}",
            answer=str(value),
            verifier="choice",
            template=problem.template,
            style="plain",
            choices=[f" {number}" for number in numbers],
        )
