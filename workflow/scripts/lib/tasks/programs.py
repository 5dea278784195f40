"""Tasks of the user's own whose answers are programs: records with tests, like HumanEval and MBPP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib.tasks import records
from lib.tasks.item import Item


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions whose answer is code, judged by running it.

    Args:
        task: as for :func:`lib.tasks.records.read`; ``target``: a template of the code that is trained on;
            ``program``: a template of what is run, in which ``{completion}`` is the model's code. Lists in a
            record, like the assertions of MBPP, stand there line by line.
        split: which questions to keep.
        seed: unused.
        documents: unused.

    Raises:
        UserError: as :func:`lib.tasks.records.read`.
    """
    return records.read(task, split, _coded)


def _coded(task: dict[str, Any], record: dict[str, Any], place: str) -> dict[str, Any]:
    target = records.filled(task["target"], record, place)
    preamble, _, tests = task["program"].partition("{completion}")
    return {
        "target": target,
        "answer": target.strip(),
        "verifier": "code",
        "preamble": records.filled(preamble, record, place),
        "tests": records.filled(tests, record, place).lstrip("\n"),
    }
