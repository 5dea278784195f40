"""Metrics of a tokenizer on a text, each a ratio of totals over documents.

A ratio is two vectors, what is counted and what it is divided by, per document; their totals give
the value, and documents are what an interval resamples. Means of ratios are never taken: they
weigh a message of one word like one of a hundred.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ALPHA = 2.5  # of the Renyi entropy; the order that Zouhar et al. found to predict translation best


class Ratio(NamedTuple):
    """A ratio of totals: numerator and denominator of each document, shape (documents,) each."""

    numerators: np.ndarray
    denominators: np.ndarray


def inner_cuts(cuts: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Cuts strictly inside each span.

    Args:
        cuts: sorted positions.
        starts: of the spans, in the same unit, shape (spans,).
        ends: of the spans.

    Returns:
        Number of distinct cuts with start < cut < end, shape (spans,).
    """
    distinct = np.unique(cuts)
    inside = np.searchsorted(distinct, ends, "left") - np.searchsorted(distinct, starts, "right")
    return np.maximum(inside, 0)


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


def word_ratios(
    tokens: np.ndarray, document: np.ndarray, in_context: np.ndarray, isolated: np.ndarray
) -> dict[str, Ratio]:
    """Metrics over words.

    tokens_per_word: all tokens of the text, those of spaces and punctuation too, over its words.
    fertility: tokens of words that are encoded alone, over words (Rust et al. 2021, sec. 4.1); a
    word takes along the space before it where it has one.
    continued_words: words with a token boundary strictly inside, over words. A token that spans
    several words continues none of them.
    continued_words_isolated: the same for words encoded alone (Rust et al. 2021).

    Args:
        tokens: of each document, shape (documents,).
        document: the document of each word, shape (words,).
        in_context: token boundaries strictly inside each word where it stands, shape (words,).
        isolated: the same for the word encoded alone, shape (words,).
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
    }


def premium(tokens: dict[str, int], reference: dict[str, int]) -> Ratio | None:
    """Tokens that a language needs over those that the reference needs to say the same.

    Petrov et al. 2023 (tokenization premium), over what both languages say.

    Args:
        tokens: of what is said in the language, by group of parallel documents.
        reference: the same in the reference language.

    Returns:
        One numerator and denominator per shared group; None where nothing is parallel.
    """
    shared = sorted(tokens.keys() & reference.keys())
    if not shared:
        return None
    return Ratio(np.array([tokens[g] for g in shared]), np.array([reference[g] for g in shared]))


def renyi_efficiency(counts: np.ndarray) -> float | None:
    """Renyi efficiency of the unigram distribution: H_alpha / H_0 (Zouhar et al. 2023, sec. 4).

    H_alpha = log(sum p ** alpha) / (1 - alpha) with alpha = 2.5; H_0 = log of the types that occur.

    Args:
        counts: occurrences of each type.

    Returns:
        A share; None where fewer than two types occur.
    """
    seen = counts[counts > 0]
    if len(seen) < 2:
        return None
    p = seen / seen.sum()
    return float(np.log((p**ALPHA).sum()) / (1 - ALPHA) / np.log(len(seen)))
