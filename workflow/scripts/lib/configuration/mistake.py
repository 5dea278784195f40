"""One mistake of the configuration, and how it is put to the user."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any, NamedTuple

Key = tuple[str | int, ...]


class Mistake(NamedTuple):
    """One mistake: the key, what is wrong with it, and the remedy."""

    key: Key
    problem: str
    remedy: str


def choose(name: Any, known: Collection[Any]) -> str:
    """The remedy for a name that is not known: the closest one, and all."""
    names = [str(other) for other in known]
    if not names:
        return "there is nothing to choose from yet"
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.7)
    return f"{f'did you mean {close[0]!r}? ' if close else ''}known: {', '.join(names)}"


def dotted(key: Key) -> str:
    """A key as it is written, like ``lora.grid.0.arms``."""
    return ".".join(str(part) for part in key) or "the configuration"
