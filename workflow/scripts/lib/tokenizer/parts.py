"""Texts as parts that recur: what holds of a part wherever it stands is found once.

A text is parted before single spaces between words. Most tokenizers part it there too, and the rules
for words (UAX #29) always do, so that the tokens and the words of a text are those of its parts.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from lib.tokenizer import characters
from lib.tokenizer.characters import PLANE, laid
from lib.tokenizer.ratios import Ratio

SPACE = 0x20
# Letters that go with the character before them, be it a space (Grapheme_Extend, UAX #29).
ATTACHED = (0xFF9E, 0xFF9F)


class Parts(NamedTuple):
    """What some texts are made of.

    Attributes:
        forms: the distinct parts.
        form: index of each part's form, shape (parts,).
        first: index of each text's first part, and of the end, shape (texts + 1,).
    """

    forms: pa.LargeStringArray
    form: np.ndarray
    first: np.ndarray

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sum over the parts of each text, shape (texts,), of whole numbers by form, shape (forms,)."""
        before = np.zeros(len(self.form) + 1, int)
        np.cumsum(values[self.form], out=before[1:])
        return np.diff(before[self.first])

    def ratio(self, ratio: Ratio) -> Ratio:
        """A ratio of each text, from that of each form."""
        return Ratio(*map(self.total, ratio))

    def occurrences(self) -> np.ndarray:
        """How often each form occurs, shape (forms,)."""
        return np.bincount(self.form, minlength=len(self.forms))


@cache
def _kinds() -> tuple[np.ndarray, np.ndarray]:
    """Whether a part may end with, and begin with a space and then, each character of the basic plane.

    What follows the space has to be a letter, a number, or visible in ASCII: a mark would go with the space.
    """
    begins = characters.alphanumeric().copy()
    begins[ord("!") : ord("~") + 1] = True
    begins[list(ATTACHED)] = False
    return ~characters.whitespace(), begins


def whole(texts: list[str] | pa.Array) -> Parts:
    """Each text as one part."""
    return _counted(laid(texts), np.arange(len(texts) + 1))


def at_spaces(texts: list[str] | pa.Array) -> Parts:
    """Parts that begin where a text does, or with a single space between characters that are none."""
    data, octets = characters.utf8(texts)
    code = characters.code_points(str(data, "utf-8"))
    edges = np.concatenate([[0], np.cumsum(octets)])
    begun = np.zeros(len(data) + 2, bool)
    begun[edges] = True
    # The n-th space of the bytes is the n-th of the characters.
    spaces, places = np.flatnonzero(data == SPACE), np.flatnonzero(code == SPACE)
    inner = ~(begun[spaces] | begun[spaces + 1])
    spaces, places = spaces[inner], places[inner]
    ends, begins = _kinds()
    before, after = code[places - 1], code[places + 1]
    kept = (before < PLANE) & (after < PLANE)
    kept[kept] = ends[before[kept]] & begins[after[kept]]
    begun[spaces[kept]] = True
    offsets = np.flatnonzero(begun).astype(np.int64)
    parts = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
    return _counted(parts, np.searchsorted(offsets, edges))


def _counted(parts: pa.LargeStringArray, first: np.ndarray) -> Parts:
    """Find equal parts of texts, whose parts begin with the first of each."""
    encoded = parts.dictionary_encode()
    return Parts(encoded.dictionary, encoded.indices.to_numpy(), first)
