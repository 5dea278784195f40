"""Functions over integers, to be written from a sentence.

Example item: prompt ``def f(x):\\n    \\"\\"\\"Return x plus 3, times 2.\\"\\"\\"\\n``; target
``    return (x + 3) * 2``; tests ``assert f(-7) == -8`` and so on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from lib.seeds import derive
from lib.tasks.drawn import in_split
from lib.tasks.item import Item, item_id

SIGNS = {"plus": "+", "minus": "-", "times": "*"}
ARGUMENTS = (-7, -1, 0, 2, 13)  # two tell apart any two of these functions; more catch what is none of them


def expression(steps: list[tuple[str, int]]) -> str:
    """The steps, each a word and an integer, as Python: ``x plus 3, times 2`` is ``(x + 3) * 2``."""
    text = "x"
    for place, (word, number) in enumerate(steps):
        sums_before = place and steps[place - 1][0] != "times"
        text = f"({text})" if word == "times" and sums_before else text
        text = f"{text} {SIGNS[word]} {number}"
    return text


def value(steps: list[tuple[str, int]], x: int) -> int:
    """What the steps make of an integer."""
    for word, number in steps:
        x = {"plus": x + number, "minus": x - number, "times": x * number}[word]
    return x


class _Function(NamedTuple):
    """A function with the sentence that asks for it."""

    question: str
    steps: list[tuple[str, int]]


def _functions(task: dict[str, Any], seed: int) -> Iterator[_Function]:
    rng = random.Random(derive(seed, "functions"))
    low, high = 10 ** (task["digits"] - 1), 10 ** task["digits"] - 1
    while True:
        steps = [(rng.choice(sorted(SIGNS)), rng.randint(low, high)) for _ in range(task["steps"])]
        yield _Function("Return x " + ", ".join(f"{word} {number}" for word, number in steps) + ".", steps)


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions of one split, with repeats.

    Args:
        task: ``steps`` (how many), ``digits`` (of each integer).
        split: which questions to keep.
        seed: of the stream that questions are drawn from.
        documents: unused.
    """
    for question, steps in in_split(_functions(task, seed), split):
        head, body = f'def f(x):\n    """{question}"""\n', f"    return {expression(steps)}"
        yield Item(
            item_id(question),
            prompt=head,
            target=body,
            answer=body.strip(),
            verifier="code",
            template=f"{task['steps']}x{task['digits']}",
            style="plain",
            preamble=head,
            tests="\n".join(f"assert f({x}) == {value(steps, x)}" for x in ARGUMENTS),
        )
