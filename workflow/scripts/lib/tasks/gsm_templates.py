"""Word problems from the templates of GSM-Symbolic (Mirzadeh et al. 2024), drawn by reasoning-gym.

The templates were made from questions of GSM8K's test set. Some are held out: their questions are the split
``template``, and are in no other.

Example item: prompt ``Q: Evelyn is required to submit a 294-page essay. She already finished writing 2/3 of
the essay. How many pages does she have left to write?\\nA:``; direct target `` 98``; a worked target has the
steps of the template in front of `` The answer is 98``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib.seeds import derive, share
from lib.tasks import drawn
from lib.tasks.drawn import DRAWS, Problem
from lib.tasks.item import TEMPLATE, Item

HELD_OUT = 0.2  # share of the templates
ORDER = " Give the result as your final answer. Do not include units."  # what the library adds to a question
UNROUNDED = re.compile(r"\.\d{4}")  # as in 0.3333333333333333 parts of a letter: no problem that anyone sets


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions of one split, with repeats.

    Answers are compared by our own verifier: the library's takes the first number of a text and drops signs.

    Args:
        task: ``worked_share`` (of the targets).
        split: which questions to keep; ``template`` keeps those of templates that are held out.
        seed: of the stream that questions are drawn from.
        documents: unused.
    """
    if split == TEMPLATE:
        unseen = (problem for problem in _problems(seed) if held_out(problem.template))
        return (drawn.answered(problem, "number", task["worked_share"]) for problem in unseen)
    seen = (problem for problem in _problems(seed) if not held_out(problem.template))
    return drawn.items(seen, task, split, "number")


def held_out(template: str) -> bool:
    """Whether a template is kept for the split of its own: a function of its name alone."""
    return share(template, "template") < HELD_OUT


def _problems(seed: int) -> Iterator[Problem]:
    import reasoning_gym

    examples = reasoning_gym.create_dataset("gsm_symbolic", seed=derive(seed, "gsm_templates"), size=DRAWS)
    for number, example in zip(examples.task_indices, examples, strict=True):
        steps, _, _ = example["metadata"]["answer_cot"].rpartition("\n####")
        if not UNROUNDED.search(example["question"] + steps):
            yield Problem(
                example["question"].removesuffix(ORDER),
                example["answer"],
                " ".join(map(_sentence, steps.split("\n"))),
                f"gsm-symbolic-{number}",
            )


def _sentence(step: str) -> str:
    step = step.strip()
    return step if step.endswith((".", "!", "?", ":")) else f"{step}."
