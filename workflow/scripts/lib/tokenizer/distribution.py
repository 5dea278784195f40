"""How a text's tokens spread over the types of a vocabulary; such metrics depend on the size of the text."""

from __future__ import annotations

import numpy as np

ALPHA = 2.5  # of the Renyi entropy; the order that Zouhar et al. found to predict translation best


def type_metrics(counts: np.ndarray, vocab_size: int) -> dict[str, float | None]:
    """All metrics of how a text uses the vocabulary.

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
