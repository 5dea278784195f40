"""Sums of several integers, answered directly or step by step, or chosen from several numbers.

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
NEAR = 10  # how far a wrong choice is from the right one, at most


def solve(terms: list[int], signs: list[str]) -> tuple[int, str]:
    """The value of ``terms[0] signs[0] terms[1] ...`` and its working, a step a sentence."""
    value, steps = terms[0], []
    for sign, term in zip(signs, terms[1:], strict=True):
        result = value + term if sign == "+" else value - term
        steps.append(f"{value} {sign} {term} = {result}.")
        value = result
    return value, " ".join(steps)


def _questions(task: dict[str, Any], split: str, seed: int) -> Iterator[tuple[str, list[int], list[str]]]:
    """Questions of one split with their terms and signs, with repeats."""
    rng = random.Random(derive(seed, "arithmetic"))
    low, high = 10 ** (task["digits"] - 1), 10 ** task["digits"] - 1
    for _ in range(DRAWS):
        terms = [rng.randint(low, high) for _ in range(task["terms"])]
        signs = [rng.choice("+-") for _ in terms[1:]]
        question = str(terms[0]) + "".join(
            f" {sign} {term}" for sign, term in zip(signs, terms[1:], strict=True)
        )
        if split_of(question) == split:
            yield question, terms, signs


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions of one split, with repeats.

    Args:
        task: ``terms`` (how many), ``digits`` (of each), ``worked_share`` (of the targets).
        split: which questions to keep.
        seed: of the stream that questions are drawn from.
        documents: unused.
    """
    for question, terms, signs in _questions(task, split, seed):
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


def choices(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """The same questions with several numbers to choose from: the right one, and others that are near it.

    Args:
        task: ``terms`` (how many), ``digits`` (of each), ``choices`` (numbers, the right one among them).
        split: which questions to keep.
        seed: of the stream that questions are drawn from.
        documents: unused.
    """
    for question, terms, signs in _questions(task, split, seed):
        value, _ = solve(terms, signs)
        rng = random.Random(derive(seed, "choices", question))
        near = [value + distance for distance in range(-NEAR, NEAR + 1) if distance]
        numbers = [value, *rng.sample(near, task["choices"] - 1)]
        rng.shuffle(numbers)
        yield Item(
            item_id(question),
            prompt=f"Q: {question}\nA:",
            target=f" {value}",
            answer=str(value),
            verifier="choice",
            template=f"{task['terms']}x{task['digits']}",
            style="plain",
            choices=[f" {number}" for number in numbers],
        )
