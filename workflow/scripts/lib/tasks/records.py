"""Tasks of the user's own: a Hugging Face dataset or local JSONL with named columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from lib import hub, lines
from lib.cli import UserError
from lib.tasks.item import Item, fill, item_id, split_of

# What a gold number may look like. Not the pattern that finds numbers in what a model writes: items,
# and so models, would depend on it, and be made anew whenever it is edited.
GOLD = re.compile(r"-?\$?\d+(,\d{3})*(\.\d+)?")


def _records(task: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each record with the place it comes from, for messages."""
    if "path" in task:
        path = Path(task["path"])
        try:
            with open(path, "rb") as file:
                yield from lines.records(file, path)
        except OSError as error:
            raise UserError(f"tasks: {path}: cannot be opened ({error.strerror}); correct the path") from None
        return
    rows = hub.rows("tasks: records", task["id"], task.get("name"), task["split"], task.get("revision"))
    for number, record in enumerate(rows, 1):
        yield f"{task['id']}, record {number}", record


def _filled(task: dict[str, Any], record: dict[str, Any], place: str) -> dict[str, str]:
    """Prompt, answer and target of a record.

    Raises:
        UserError: the record lacks a column that a template names, or a text is not UTF-8.
    """
    try:
        filled = {name: fill(task[name], record) for name in ("prompt", "answer", "target") if name in task}
    except KeyError as missing:
        raise UserError(
            f"{place}: no column {missing} for a template of the task; the columns are {sorted(record)}"
        ) from None
    if after := task.get("answer_after"):
        filled["answer"] = filled["answer"].rsplit(after, 1)[-1]
    filled["answer"] = filled["answer"].strip()
    filled.setdefault("target", f" {filled['answer']}")
    for name, text in filled.items():
        lines.check_utf8(text, place, f"the {name}")
    return filled


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """The records whose question falls into the split, in an order that the source has no part in.

    Args:
        task: ``path`` (JSONL) or ``id`` with ``name``, ``split`` and ``revision`` (dataset);
            ``prompt`` and ``answer``: templates with the record's columns in braces; ``target``: a
            template of what is trained on, by default a space and the answer; ``answer_after``: the
            answer is what follows this text (``####`` in GSM8K); ``verifier``.
        split: which questions to keep.
        seed: unused: the order is that of the questions' hashes, so that a source sorted by difficulty
            gives no skewed sample.
        documents: unused.

    Raises:
        UserError: the source cannot be read, a record lacks a column that a template names, a
            prompt, target or answer is empty, or an answer that is to be compared as a number is none.
    """
    found = []
    for place, record in _records(task):
        filled = _filled(task, record, place)
        if split_of(filled["prompt"]) != split:
            continue
        for name, text in filled.items():
            if not text.strip():
                raise UserError(f"{place}: the {name} is empty; change {name!r} of the task, or the record")
        if task["verifier"] == "number" and not GOLD.fullmatch(filled["answer"]):
            raise UserError(
                f"{place}: the answer {filled['answer'][:80]!r} is not a number; change 'answer' or "
                "'answer_after', or choose another verifier"
            )
        found.append(
            Item(
                item_id(filled["prompt"]),
                **filled,
                verifier=task["verifier"],
                template=task.get("path") or task["id"],
                style="plain",
            )
        )
    yield from sorted(found)
