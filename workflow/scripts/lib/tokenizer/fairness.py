"""Fairness: what languages pay in tokens to say the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.tokenizer.ratios import Ratio


def said(documents: pd.DataFrame) -> pd.DataFrame:
    """Tokens of each group of parallel documents, by language; NaN where a language does not say it.

    Args:
        documents: lang, group_id, and tokens.

    Returns:
        One row per group, sorted; one column per language, in the order in which they come.
    """
    group, groups = pd.factorize(documents["group_id"], sort=True)
    lang, langs = pd.factorize(documents["lang"])
    shape = len(groups), len(langs)
    cell = group * len(langs) + lang
    found = np.full(len(groups) * len(langs), np.nan)
    found[cell] = 0
    found += np.bincount(cell, documents["tokens"], len(found))
    return pd.DataFrame(found.reshape(shape), groups, langs)


def premium(said: pd.DataFrame, lang: str, reference: str) -> Ratio | None:
    """Tokens that a language needs over those that the reference needs to say the same.

    Petrov et al. 2023 (tokenization premium), over what both languages say.

    Args:
        said: :func:`said` of the documents.
        lang: the language, one of these.
        reference: the reference language.

    Returns:
        One numerator and denominator per shared group; None where nothing is parallel.
    """
    if reference not in said:
        return None
    both = said[[lang, reference]].to_numpy()
    both = both[~np.isnan(both).any(1)]
    return Ratio(*both.T) if len(both) else None


def parallel(said: pd.DataFrame) -> np.ndarray | None:
    """Tokens of what every language says, shape (groups, languages), in the order of the languages.

    Args:
        said: :func:`said` of the documents.

    Returns:
        None where there are not two languages, or nothing that all of them say.
    """
    shared = said.dropna().to_numpy()
    return shared if len(shared) and shared.shape[1] > 1 else None


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
