"""Words of a text, by segmenters that know the language."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import NamedTuple

import numpy as np

from lib.tokenizer_bytes import character_starts

Span = tuple[int, int]


class Segmenter(NamedTuple):
    """A way to find words.

    Attributes:
        suffix: what is put after the names of its metrics, so that those by the general segmenter,
            which has no suffix, never mix with others.
        name: its name with version.
        spans: the words of a text, in code points.
    """

    suffix: str
    name: str
    spans: Callable[[str], list[Span]]


def is_word(segment: str) -> bool:
    """Whether a segment counts as a word: punctuation, symbols and whitespace do not."""
    return any(char.isalnum() for char in segment)


def code_points(text: str, units: list[int]) -> list[int]:
    """Turn positions counted in UTF-16 code units, ascending, into positions in code points."""
    if text.isascii() or max(text) <= "\uffff":
        return units
    found, position, unit = [], 0, 0
    for wanted in units:
        while unit < wanted:
            unit += 1 + (text[position] > "\uffff")
            position += 1
        found.append(position)
    return found


def icu() -> Segmenter:
    """Words by the Unicode rules (UAX #29), with ICU's dictionaries for scripts without spaces."""
    from icu import ICU_VERSION, BreakIterator, Locale, UnicodeString

    iterator = BreakIterator.createWordInstance(Locale.getRoot())

    def spans(text: str) -> list[Span]:
        if not text:
            return []
        units = UnicodeString(text)
        iterator.setText(units)
        ends = code_points(text, list(iterator))
        return [span for span in zip([0, *ends], ends, strict=False) if is_word(text[slice(*span)])]

    return Segmenter("", f"ICU {ICU_VERSION}", spans)


def mecab() -> Segmenter:
    """Japanese short-unit words, by MeCab with UniDic (Kudo et al. 2004)."""
    import fugashi
    import unidic_lite

    tagger = fugashi.Tagger(f'-d "{unidic_lite.DICDIR}"')

    def spans(text: str) -> list[Span]:
        found, position = [], 0
        for node in tagger(text):
            start = text.index(node.surface, position)
            position = start + len(node.surface)
            if is_word(node.surface):
                found.append((start, position))
        return found

    return Segmenter("_mecab", f"MeCab (unidic-lite {metadata.version('unidic-lite')})", spans)


def segmenters(lang: str) -> list[Segmenter]:
    """The segmenters for a language, the general one first; none where words mean nothing (code).

    Args:
        lang: language and script, like jpn_Jpan.
    """
    if lang.endswith("_Zyyy"):
        return []
    return [icu(), mecab()] if lang.startswith("jpn_") else [icu()]


def located(texts: list[str], spans: list[list[Span]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the words of some texts are, in bytes.

    Args:
        texts: the texts.
        spans: words of each text, in code points.

    Returns:
        For each word the index of its text, and its start and end in bytes of all texts laid end
        to end in UTF-8; shape (words,) each.
    """
    none = np.zeros(0, int)  # so that there may be no text, and no word in any
    starts, ends, before = [none], [none], 0
    for text, found in zip(texts, spans, strict=True):
        at = before + character_starts(text)
        pairs = np.array(found, int).reshape(-1, 2)
        starts.append(at[pairs[:, 0]])
        ends.append(at[pairs[:, 1]])
        before = at[-1]
    document = np.repeat(np.arange(len(texts)), np.array([len(found) for found in spans], int))
    return document, np.concatenate(starts), np.concatenate(ends)


def alone(text: str, span: Span) -> str:
    """A word taken out of its text, with the space before it if there is one."""
    start, end = span
    return text[start - (text[start - 1 : start] == " ") : end]
