"""Token boundaries against the boundaries of morphs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from lib.tokenizer.ratios import Ratio

# Scripts that put no space between words: a word is met without one before it.
SPACELESS = {"Bopo", "Hani", "Hans", "Hant", "Hira", "Jpan", "Kana", "Khmr", "Laoo", "Mymr", "Thai", "Tibt"}


class Gold(NamedTuple):
    """Words with their morphs.

    Attributes:
        words: each word with its morphs, which spell it.
        left_out: words whose morphs do not spell them, so that they have no boundaries.
    """

    words: list[tuple[str, list[str]]]
    left_out: int


def parse(lines: Iterable[str]) -> Gold:
    """Words and morphs from lines like ``unfairly<TAB>un fair ly``; blank lines are skipped.

    Raises:
        ValueError: a line is not of two fields; the message has its number.
    """
    words, left_out = [], 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) != 2 or not fields[0] or not fields[1].split():
            raise ValueError(f"line {number} is not a word, a tab and its morphs with spaces between")
        word, morphs = fields[0], fields[1].split()
        if "".join(morphs) == word:
            words.append((word, morphs))
        else:
            left_out += 1
    return Gold(words, left_out)


def gold_boundaries(morphs: list[str]) -> list[int]:
    """Where one morph ends and the next begins, in UTF-8 bytes from the start of the word."""
    return np.cumsum([len(morph.encode()) for morph in morphs]).tolist()[:-1]


def scores(gold: list[set[int]], predicted: list[set[int]]) -> dict[str, Ratio]:
    """Precision, recall and F1 of boundaries, as ratios of totals over words.

    precision: token boundaries that are morph boundaries, over token boundaries inside words.
    recall: the same, over morph boundaries.
    f1: twice the shared ones over the sum of both, which is the harmonic mean of the two.

    Boundary precision and recall as in Virpioja et al. 2011, each word once; the question is that of
    MorphScore (Arnett et al. 2025), which leaves out words that are kept whole: here they miss their
    boundaries and lower recall.

    Args:
        gold: morph boundaries of each word.
        predicted: token boundaries strictly inside it.
    """
    shared = np.array([len(g & p) for g, p in zip(gold, predicted, strict=True)])
    wanted, made = np.array([len(g) for g in gold]), np.array([len(p) for p in predicted])
    return {
        "precision": Ratio(shared, made),
        "recall": Ratio(shared, wanted),
        "f1": Ratio(2 * shared, wanted + made),
    }
