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


def parallel(tokens: dict[str, dict[str, int]]) -> np.ndarray | None:
    """Tokens of what every language says, shape (groups, languages), in the order of the languages.

    Args:
        tokens: of each group of parallel documents, by language.

    Returns:
        None where there are not two languages, or nothing that all of them say.
    """
    shared = set.intersection(*map(set, tokens.values())) if len(tokens) > 1 else set()
    if not shared:
        return None
    return np.array([[said[group] for said in tokens.values()] for group in sorted(shared)])


def gini(costs: np.ndarray) -> np.ndarray:
    """Gini coefficient: mean difference of all pairs over twice the mean (Gini 1912).

    sum_i sum_j |c_i - c_j| / (2 n^2 mean(c)), here of the tokens that n languages need to say the
    same (Foroutan et al. 2025): 0 where all pay alike, (n - 1) / n where one pays all. By ranks,
    which need no pairs: 2 sum_i i c_(i) / (n sum c) - (n + 1) / n, with i from 1 by rising cost.

    Args:
        costs: what each pays, shape (..., n), not all zero.

    Returns:
        A share, shape (...).
    """
    ordered, n = np.sort(costs, -1), costs.shape[-1]
    return 2 * (ordered * np.arange(1, n + 1)).sum(-1) / (n * ordered.sum(-1)) - (n + 1) / n


def lorenz(costs: np.ndarray) -> np.ndarray:
    """Lorenz curve: the share of all costs that the k cheapest pay, for k from 1 to n (Lorenz 1905).

    Args:
        costs: what each pays, shape (n,), in any order.
    """
    return np.cumsum(np.sort(costs)) / costs.sum()


def type_metrics(counts: np.ndarray, vocab_size: int) -> dict[str, float | None]:
    """Metrics of how a text uses the vocabulary; they depend on the size of the text.

    renyi_efficiency, shannon_efficiency: see the functions.
    utilisation: types that occur, over the vocabulary.
    type_token_ratio: types that occur, over tokens.
    average_rank: sum of p * rank over types, rank from 1 by falling frequency (Limisiewicz et al.
    2023): high where a text spreads over the vocabulary.

    Args:
        counts: occurrences of each type.
        vocab_size: types that there are.

    Returns:
        None for all where nothing occurs; for the efficiencies also where a single type does.
    """
    seen = np.sort(counts[counts > 0])[::-1]
    found: dict[str, float | None] = {
        "renyi_efficiency": renyi_efficiency(counts),
        "shannon_efficiency": shannon_efficiency(counts),
        "utilisation": None,
        "type_token_ratio": None,
        "average_rank": None,
    }
    if len(seen):
        found["utilisation"] = len(seen) / vocab_size
        found["type_token_ratio"] = float(len(seen) / seen.sum())
        found["average_rank"] = float((seen * np.arange(1, len(seen) + 1)).sum() / seen.sum())
    return found


def _probabilities(counts: np.ndarray) -> np.ndarray:
    """Shares of all tokens, of the types that occur."""
    seen = counts[counts > 0]
    return seen / max(seen.sum(), 1)


def shannon_efficiency(counts: np.ndarray) -> float | None:
    """Shannon efficiency of the unigram distribution: H_1 / H_0 (Zouhar et al. 2023, sec. 4).

    H_1 = -sum p log p, to which the Renyi entropy goes as its order goes to 1; H_0 = log of the types
    that occur.

    Args:
        counts: occurrences of each type.

    Returns:
        A share; None where fewer than two types occur.
    """
    p = _probabilities(counts)
    if len(p) < 2:
        return None
    return float(-(p * np.log(p)).sum() / np.log(len(p)))


def renyi_efficiency(counts: np.ndarray) -> float | None:
    """Renyi efficiency of the unigram distribution: H_alpha / H_0 (Zouhar et al. 2023, sec. 4).

    H_alpha = log(sum p ** alpha) / (1 - alpha) with alpha = 2.5; H_0 = log of the types that occur.

    Args:
        counts: occurrences of each type.

    Returns:
        A share; None where fewer than two types occur.
    """
    p = _probabilities(counts)
    if len(p) < 2:
        return None
    return float(np.log((p**ALPHA).sum()) / (1 - ALPHA) / np.log(len(p)))
