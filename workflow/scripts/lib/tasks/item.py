"""One task item, and the splits that questions fall into."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

from lib.seeds import share

TEST, DEV, TRAIN = 0.2, 0.05, 0.35  # shares of all questions; the pools divide the rest equally
TEMPLATE = "template"  # the split of questions whose templates no other split has
POOLS = 10  # fixed, so that another round moves no question from one pool to another


class Item(NamedTuple):
    """A question with its answer; the fields are those of contract task.ITEMS."""

    item_id: str
    prompt: str
    target: str
    answer: str | None
    verifier: str | None
    template: str
    style: str
    choices: list[str] | None = None
    preamble: str | None = None
    tests: str | None = None


def normalised(question: str) -> str:
    """A question without what does not make it another one: case and runs of white space."""
    return re.sub(r"\s+", " ", question).strip().casefold()


def item_id(question: str) -> str:
    """Hash of the normalised question, 16 hex digits."""
    return hashlib.sha256(normalised(question).encode()).hexdigest()[:16]


def split_of(question: str) -> str:
    """The split of a question: a function of its normalised text alone.

    No seed enters, so that questions drawn under different seeds, sizes or rounds cannot leak from
    one split into another.
    """
    place = share(normalised(question), "split")
    for name, width in (("test", TEST), ("dev", DEV), ("train", TRAIN)):
        if place < width:
            return name
        place -= width
    return f"pool-{1 + int(place / (1 - TEST - DEV - TRAIN) * POOLS)}"


def fill(template: str, record: dict[str, Any]) -> str:
    """A template with its ``{names}`` replaced by the record's values; a list stands line by line."""
    return template.format_map({key: _text(value) for key, value in record.items()})


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else value
