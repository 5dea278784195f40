"""How often a letter is in some words of running text, drawn by reasoning-gym.

Example item: prompt ``Q: How many times does the letter "e" appear in the text: "the presence"?\\nA:``;
direct target `` 4``; worked target `` the: t, h, e (1). presence: p, r, e (2), s, e (3), n, c, e (4). The
answer is 4``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib.seeds import derive
from lib.tasks import drawn
from lib.tasks.drawn import DRAWS, Problem
from lib.tasks.item import Item


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions of one split, with repeats.

    Args:
        task: ``words`` (in a question), ``worked_share`` (of the targets).
        split: which questions to keep.
        seed: of the stream that questions are drawn from.
        documents: unused.
    """
    return drawn.items(_problems(task, seed), task, split, "number")


def _problems(task: dict[str, Any], seed: int) -> Iterator[Problem]:
    import reasoning_gym

    length = {"min_words": task["words"], "max_words": task["words"]}
    examples = reasoning_gym.create_dataset(
        "letter_counting", seed=derive(seed, "letter_counting"), size=DRAWS, **length
    )
    for example in examples:
        facts = example["metadata"]
        working = spelled(facts["span"], facts["target_letter"])
        yield Problem(example["question"], example["answer"], working, f"{task['words']}")


def spelled(words: list[str], letter: str) -> str:
    """The letters of words, in lower case, with a running count behind those that are counted."""
    count, sentences = 0, []
    for word in words:
        letters = []
        for character in word.lower():
            count += character == letter
            letters.append(f"{character} ({count})" if character == letter else character)
        sentences.append(f"{word}: {', '.join(letters)}.")
    return " ".join(sentences)
