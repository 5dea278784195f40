"""Metrics of a tokenizer on a text, each a ratio of totals over documents.

A ratio is two vectors, what is counted and what it is divided by, per document; their totals give
the value, and documents are what an interval resamples. Means of ratios are never taken: they
weigh a message of one word like one of a hundred.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Ratio(NamedTuple):
    """A ratio of totals: numerator and denominator of each document, shape (documents,) each."""

    numerators: np.ndarray
    denominators: np.ndarray


class Cuts:
    """Where tokens meet in some texts, looked up by place in constant time.

    Args:
        places: in half bytes, any order, repeated or not.
        length: of all texts, in half bytes.
    """

    def __init__(self, places: np.ndarray, length: int) -> None:
        self._at = np.zeros(length + 1, bool)
        self._at[places] = True
        self._until = np.cumsum(self._at, dtype=np.int32)

    def at(self, places: np.ndarray) -> np.ndarray:
        """Whether a cut is at each place; shape (places,)."""
        return self._at[places]

    def inside(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Cuts strictly inside each span, which is not empty: start < cut < end; shape (spans,)."""
        return self._until[ends - 1] - self._until[starts]


def text_ratios(
    tokens: np.ndarray, characters: np.ndarray, octets: np.ndarray, fragments: np.ndarray, unknown: np.ndarray
) -> dict[str, Ratio]:
    """Metrics that need no words.

    chars_per_token, bytes_per_token: characters (code points) or UTF-8 bytes over tokens. Bytes
    favour scripts of three bytes a character: never compare them across scripts.
    byte_token_rate: tokens that hold a part of a character, over tokens.
    unk_rate: characters in unknown tokens, over characters. Unknown tokens lower every count of
    tokens, so it belongs beside each.

    Args:
        tokens: of each document, shape (documents,), as are all others.
        characters: code points of each document.
        octets: UTF-8 bytes of each document.
        fragments: tokens that hold a part of a character.
        unknown: characters that became unknown tokens.
    """
    return {
        "chars_per_token": Ratio(characters, tokens),
        "bytes_per_token": Ratio(octets, tokens),
        "byte_token_rate": Ratio(fragments, tokens),
        "unk_rate": Ratio(unknown, characters),
    }


def whole_tokens(
    cuts: Cuts, starts: np.ndarray, ends: np.ndarray, spaced: np.ndarray, inner: np.ndarray
) -> np.ndarray:
    """Whether each span is exactly one token, with or without the space before it; shape (spans,).

    Args:
        cuts: where tokens meet; where a text starts or ends is one too.
        starts: of the spans, in half bytes, shape (spans,).
        ends: of the spans.
        spaced: whether a space, which is one byte, stands before the span.
        inner: cuts strictly inside the spans.
    """
    begun = cuts.at(starts) | (spaced & cuts.at(starts - 2))
    return (inner == 0) & begun & cuts.at(ends)


def word_ratios(
    tokens: np.ndarray, document: np.ndarray, in_context: np.ndarray, isolated: np.ndarray, whole: np.ndarray
) -> dict[str, Ratio]:
    """Metrics over words.

    tokens_per_word: all tokens of the text, those of spaces and punctuation too, over its words.
    fertility: tokens of words that are encoded alone, over words (Rust et al. 2021, sec. 4.1); a
    word takes along the space before it where it has one.
    continued_words: words with a token boundary strictly inside, over words. A token that spans
    several words continues none of them.
    continued_words_isolated: the same for words encoded alone (Rust et al. 2021).
    single_token_words: words that are one token of their own where they stand, over words (single
    token retention, Nayeem et al. 2025, in context). With the words that share a token with their
    neighbours and the continued ones it makes up all words. For words encoded alone it is what
    continued_words_isolated leaves over.

    Args:
        tokens: of each document, shape (documents,).
        document: the document of each word, shape (words,).
        in_context: token boundaries strictly inside each word where it stands, shape (words,).
        isolated: the same for the word encoded alone, shape (words,).
        whole: whether the word is one token of its own, shape (words,).
    """
    n = len(tokens)

    def per_document(values: np.ndarray) -> np.ndarray:
        return np.bincount(document, values, n)

    words = per_document(np.ones(len(document)))
    return {
        "tokens_per_word": Ratio(tokens, words),
        "fertility": Ratio(per_document(isolated + 1), words),
        "continued_words": Ratio(per_document(in_context > 0), words),
        "continued_words_isolated": Ratio(per_document(isolated > 0), words),
        "single_token_words": Ratio(per_document(whole), words),
    }
