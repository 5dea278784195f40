"""Draws of documents: of each language its own, whatever other languages there are."""

from __future__ import annotations

import zlib

import numpy as np


def order_of(n: int, lang: str, seed: int) -> np.ndarray:
    """A random order of n documents of a language, shape (n,)."""
    return np.random.default_rng([seed, zlib.crc32(lang.encode())]).permutation(n)


def within(octets: np.ndarray, limit: int | None, lang: str, seed: int) -> np.ndarray:
    """Which documents of a language are used where their bytes are limited, in the order of the text.

    Documents are drawn without replacement until the next does not fit; at least one is used.

    Args:
        octets: bytes of each document in UTF-8, shape (n,).
        limit: the most bytes, or None.
        lang: the language, on which the draw depends beside the seed.
        seed: of the draw.

    Returns:
        Indices of the documents, ascending.
    """
    if limit is None:
        return np.arange(len(octets))
    order = order_of(len(octets), lang, seed)
    fitting = int(np.searchsorted(np.cumsum(octets[order]), limit, "right"))
    return np.sort(order[: max(1, fitting)])
