"""Tasks of the user's own: a Hugging Face dataset, or a local JSONL or TSV file, with named columns.

Other kinds of tasks read records too (choices, programs); they differ in what they make of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from lib import hub, lines
from lib.cli import UserError
from lib.tasks.item import Item, fill, item_id, split_of

# What a gold answer may look like, and what it is called. Not the patterns that find answers in what a
# model writes: items, and so models, would depend on them, and be made anew whenever they are edited.
GOLD = {
    "number": (re.compile(r"-?\$?\d+(,\d{3})*(\.\d+)?"), "a number"),
    "yes-no": (re.compile(r"yes|true|no|false", re.IGNORECASE), "yes or no, or true or false"),
    "even-odd": (re.compile(r"even|odd", re.IGNORECASE), "even or odd"),
    "word": (re.compile(r"[^\W\d_]+"), "one word of letters"),
}


def _records(task: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each record with the place it comes from, for messages."""
    if "path" in task:
        path = Path(task["path"])
        try:
            with open(path, "rb") as file:
                if path.suffix == ".tsv":
                    yield from lines.tsv(file, path, task.get("columns"))
                else:
                    yield from lines.records(file, path)
        except OSError as error:
            raise UserError(f"tasks: {path}: cannot be opened ({error.strerror}); correct the path") from None
        return
    rows = hub.rows("tasks: records", task["id"], task.get("name"), task["split"], task.get("revision"))
    for number, record in enumerate(rows, 1):
        yield f"{task['id']}, record {number}", record


def filled(template: str, record: dict[str, Any], place: str) -> str:
    """A template filled with the columns of a record.

    Raises:
        UserError: the record lacks a column that the template names.
    """
    try:
        return fill(template, record)
    except KeyError as missing:
        raise UserError(
            f"{place}: no column {missing} for a template of the task; the columns are {sorted(record)}"
        ) from None


def read(
    task: dict[str, Any], split: str, fields: Callable[[dict[str, Any], dict[str, Any], str], dict[str, Any]]
) -> Iterator[Item]:
    """The records whose question falls into the split, in an order that the source has no part in.

    That order is that of the questions' hashes, so that a source sorted by difficulty gives no skewed sample.

    Args:
        task: ``path`` (JSONL, or TSV with ``columns`` where it has no header) or ``id`` with ``name``,
            ``split`` and ``revision`` (dataset); ``prompt``: a template with the record's columns in braces.
        split: which questions to keep.
        fields: from task, record and its place to the other fields of its item.

    Raises:
        UserError: the source cannot be read, a record does not fit the task, or a prompt, target or answer
            is empty or not UTF-8.
    """
    found = []
    for place, record in _records(task):
        texts = {"prompt": filled(task["prompt"], record, place), **fields(task, record, place)}
        for name in ("prompt", "answer", "target"):
            lines.check_utf8(texts[name], place, f"the {name}")
            if not texts[name].strip():
                raise UserError(f"{place}: the {name} is empty; change {name!r} of the task, or the record")
        if split_of(texts["prompt"]) == split:
            source = task.get("path") or task["id"]
            found.append(Item(item_id(texts["prompt"]), **texts, template=source, style="plain"))
    yield from sorted(found)


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions whose answer is a text or a number.

    Args:
        task: as for :func:`read`; ``answer``: a template; ``target``: a template of what is trained on, by
            default a space and the answer; ``answer_after``: the answer is what follows this text (``####``
            in GSM8K); ``verifier``.
        split: which questions to keep.
        seed: unused.
        documents: unused.

    Raises:
        UserError: as :func:`read`, or an answer is none of those that the verifier compares.
    """
    return read(task, split, _written)


def _written(task: dict[str, Any], record: dict[str, Any], place: str) -> dict[str, Any]:
    answer = filled(task["answer"], record, place)
    if after := task.get("answer_after"):
        answer = answer.rsplit(after, 1)[-1]
    answer = answer.strip()
    target = filled(task["target"], record, place) if "target" in task else f" {answer}"
    form, called = GOLD.get(task["verifier"], (None, ""))
    if form and answer and not form.fullmatch(answer):
        raise UserError(
            f"{place}: the answer {answer[:80]!r} is not {called}; change 'answer' or "
            "'answer_after', or choose another verifier"
        )
    return {"target": target, "answer": answer, "verifier": task["verifier"]}
