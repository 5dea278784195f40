"""Characters of texts: what they are, and where they stand in bytes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

PLANE = 0x10000  # code points of the basic plane


def laid(texts: list[str] | pa.Array) -> pa.LargeStringArray:
    """Texts as Arrow has them: laid end to end as UTF-8."""
    if isinstance(texts, pa.Array):
        return texts.cast(pa.large_string())
    return pa.array(texts, pa.large_string())


def utf8(texts: list[str] | pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of texts laid end to end, shape (bytes,), and the number of each text's, shape (texts,)."""
    packed = laid(texts)
    _, edges, data = packed.buffers()
    ends = np.frombuffer(edges, np.int64)[packed.offset : packed.offset + len(packed) + 1]
    octets = np.frombuffer(data or b"", np.uint8)
    return octets[ends[0] : ends[-1]], np.diff(ends)


def code_points(text: str) -> np.ndarray:
    """The code points of a text, shape (characters,)."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def starts(text: str) -> np.ndarray:
    """Byte at which each character of a text starts in UTF-8, and where the text ends."""
    code = code_points(text)
    return np.concatenate([[0], np.cumsum(1 + (code >= 0x80) + (code >= 0x800) + (code >= PLANE))])


@cache
def alphanumeric() -> np.ndarray:
    """Whether each character of the basic plane is a letter or a number, shape (65536,)."""
    return np.array([chr(code).isalnum() for code in range(PLANE)])


@cache
def whitespace() -> np.ndarray:
    """Whether each character of the basic plane, which has all there are, is whitespace, shape (65536,)."""
    found = np.zeros(PLANE, bool)
    found[[code for code in range(0x3001) if chr(code).isspace()]] = True
    return found
