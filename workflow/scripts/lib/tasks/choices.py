"""Multiple-choice tasks of the user's own: records with the texts to choose from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib import lines
from lib.cli import UserError
from lib.tasks import records
from lib.tasks.item import Item


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """Questions with choices, one of them right.

    Args:
        task: as for :func:`lib.tasks.records.read`; ``choices`` and ``labels``: each a list of templates, or
            the name of a column that holds a list (``choices.text`` is a list in a column of its own);
            without labels these are 0, 1, ...; ``answer``: a template of the right choice's label;
            ``target``: how a choice is written, by default ``" {choice}"``.
        split: which questions to keep.
        seed: unused.
        documents: unused.

    Raises:
        UserError: as :func:`lib.tasks.records.read`, or choices, labels and answer do not fit each other.
    """
    return records.read(task, split, _chosen)


def _chosen(task: dict[str, Any], record: dict[str, Any], place: str) -> dict[str, Any]:
    texts = [text.strip() for text in _list(task["choices"], record, place)]
    labels = _list(task["labels"], record, place) if "labels" in task else list(map(str, range(len(texts))))
    label = records.filled(task["answer"], record, place).strip()
    if len(texts) < 2 or len(set(texts)) < len(texts) or not all(texts):
        raise UserError(f"{place}: the choices {texts} are not two or more different texts")
    if len(labels) != len(texts) or label not in labels:
        raise UserError(
            f"{place}: the answer {label!r} labels none of the {len(texts)} choices, whose labels are "
            f"{labels}; change 'answer' or 'labels' of the task, or the record"
        )
    form = task.get("target", " {choice}")
    written = [records.filled(form, {**record, "choice": text}, place) for text in texts]
    for text in written:
        lines.check_utf8(text, place, "a choice")
    right = labels.index(label)
    return {"target": written[right], "answer": texts[right], "verifier": "choice", "choices": written}


def _list(named: str | list[str], record: dict[str, Any], place: str) -> list[str]:
    """Filled templates, or the list in a column."""
    if isinstance(named, list):
        return [records.filled(template, record, place) for template in named]
    value: Any = record
    for part in named.split("."):
        if not isinstance(value, dict) or part not in value:
            raise UserError(f"{place}: no column {named!r}; the columns are {sorted(record)}")
        value = value[part]
    if not isinstance(value, list):
        raise UserError(
            f"{place}: column {named!r} is no list; name one that is, or give a list of templates"
        )
    return list(map(str, value))
