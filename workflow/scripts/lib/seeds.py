"""Seeds derived from one: each use draws from its own stream."""

from __future__ import annotations

import hashlib


def derive(seed: int, *purpose: str | int) -> int:
    """A 31-bit seed for one purpose, like ``derive(0, "initialisation")``.

    Streams of different purposes, and of neighbouring seeds, are unrelated: a seed plus a small
    number would not be, where a library itself adds small numbers to its seed.
    """
    text = "/".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def share(text: str, purpose: str) -> float:
    """A number in [0, 1) that depends on the text and the purpose only, uniform over texts."""
    digest = hashlib.sha256(f"{purpose}/{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
