"""Fairness: what languages pay in tokens to say the same."""

from __future__ import annotations

import numpy as np

from lib.tokenizer.ratios import Ratio


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
