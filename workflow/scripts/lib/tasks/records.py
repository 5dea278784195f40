"""Tasks of the user's own: a Hugging Face dataset or local JSONL with named columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib.cli import UserError
from lib.tasks.item import Item, fill, item_id, split_of
from lib.verifiers import NUMBER


def _records(task: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each record with the place it comes from, for messages."""
    if "path" in task:
        with open(task["path"], encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                place = f"{task['path']}, line {number}"
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise UserError(
                        f"{place}: not valid JSON ({error}); the file must be JSON Lines"
                    ) from None
                if not isinstance(record, dict):
                    raise UserError(f"{place}: not a JSON object; each line must be one")
                yield place, record
        return
    from datasets import load_dataset

    source = {key: task.get(key) for key in ("name", "split", "revision")}
    for number, record in enumerate(load_dataset(task["id"], **source), 1):
        yield f"{task['id']}, record {number}", record


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """The records whose question falls into the split, in the order of the source.

    Args:
        task: ``path`` (JSONL) or ``id`` with ``name``, ``split`` and ``revision`` (dataset);
            ``prompt`` and ``answer``: templates with the record's columns in braces; ``target``: a
            template of what is trained on, by default a space and the answer; ``answer_after``: the
            answer is what follows this text (``####`` in GSM8K); ``verifier``.
        split: which questions to keep.
        seed: unused, the records have an order.
        documents: unused.

    Raises:
        UserError: a line is not JSON, a record lacks a column that a template names, or an answer
            that is to be compared as a number is none.
    """
    for place, record in _records(task):
        try:
            prompt = fill(task["prompt"], record)
            answer = fill(task["answer"], record)
            target = fill(task["target"], record) if "target" in task else None
        except KeyError as missing:
            raise UserError(
                f"{place}: no column {missing} for a template of the task; the columns are {sorted(record)}"
            ) from None
        if split_of(prompt) != split:
            continue
        if after := task.get("answer_after"):
            answer = answer.rsplit(after, 1)[-1]
        answer = answer.strip()
        if task["verifier"] == "number" and not NUMBER.fullmatch(answer):
            raise UserError(
                f"{place}: the answer {answer[:80]!r} is not a number; change 'answer' or 'answer_after', "
                "or choose another verifier"
            )
        yield Item(
            item_id(prompt),
            prompt=prompt,
            target=f" {answer}" if target is None else target,
            answer=answer,
            verifier=task["verifier"],
            template=task.get("path") or task["id"],
            style="plain",
        )
