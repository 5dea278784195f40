"""Intervals. What they are over (items, documents, seeds) is the caller's to say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

LEVEL = 0.95
CHUNK = 4_000_000  # units drawn at a time, which bounds the memory


class Interval(NamedTuple):
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def ends(draws: np.ndarray) -> tuple[float, float]:
    """The ends of the 95 % interval of bootstrap draws: their outer percentiles."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def wilson(value: float, n: int) -> Interval:
    """A share of n units with its score interval (Wilson 1927; as in Newcombe 1998).

    A bootstrap would put no width at all around none or all of the units.

    Args:
        value: the share; n times it need not be whole, as where each unit is right in part.
        n: units, at least one.
    """
    from scipy.special import ndtri

    z = float(ndtri((1 + LEVEL) / 2))
    whole = 2 * (n + z**2)
    centre = (2 * n * value + z**2) / whole
    half = z / whole * math.sqrt(4 * n * value * (1 - value) + z**2)
    # Rounding must not put an end beyond what it touches.
    return Interval(value, centre - half if value > 0 else 0.0, centre + half if value < 1 else 1.0)


def share(hits: np.ndarray) -> Interval:
    """Share of units that are right, with its interval: :func:`wilson`.

    Args:
        hits: True for each unit that is right, shape (n,).

    Raises:
        ValueError: no units.
    """
    if not len(hits):
        raise ValueError("no units")
    return wilson(int(np.sum(hits)) / len(hits), len(hits))


def resamples_of(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Bootstrap samples of n units, some at a time: how often each unit is in each, shape (some, n).

    Equal seeds and n give equal samples, so that intervals of paired values may be compared.
    """
    rng = np.random.default_rng(seed)
    most = min(64, max(1, CHUNK // n))
    for start in range(0, resamples, most):
        some = min(most, resamples - start)
        drawn = rng.integers(0, n, (some, n)) + n * np.arange(some)[:, None]
        yield np.bincount(drawn.ravel(), minlength=some * n).reshape(some, n).astype(float)


def bootstrap_ratios(
    numerators: np.ndarray, denominators: np.ndarray, resamples: int, seed: int
) -> list[Interval]:
    """Ratios of totals, each with a percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13).

    Units are resampled with numerators and denominators together, so that pairs stay paired; all
    ratios are of the same resamples, which are drawn once.

    Args:
        numerators: one number per ratio and unit, shape (ratios, n).
        denominators: the same; no total may be zero.
        resamples: bootstrap samples.
        seed: of the resampling; equal seeds and n give equal resamples for paired comparisons.

    Raises:
        ValueError: no units, unequal shapes, or a total of zero in the denominators.
    """
    above, below = np.asarray(numerators, float), np.asarray(denominators, float)
    if above.shape != below.shape or above.ndim != 2 or not above.shape[1]:
        raise ValueError(f"expected two equal, non-empty tables, got {above.shape}, {below.shape}")
    if (below.sum(1) == 0).any():
        raise ValueError("the denominators add up to zero")
    draws = []
    for sample in resamples_of(above.shape[1], resamples, seed):
        total = sample @ below.T
        draws.append(np.divide(sample @ above.T, total, out=np.full(total.shape, np.nan), where=total != 0))
    drawn = np.concatenate(draws).T
    values = above.sum(1) / below.sum(1)
    return [
        Interval(float(value), *ends(row[~np.isnan(row)])) for value, row in zip(values, drawn, strict=True)
    ]


def bootstrap_ratio(numerators: np.ndarray, denominators: np.ndarray, resamples: int, seed: int) -> Interval:
    """One ratio of totals with its interval: :func:`bootstrap_ratios` of vectors of shape (n,)."""
    above, below = np.asarray(numerators, float), np.asarray(denominators, float)
    if above.ndim != 1:
        raise ValueError(f"expected vectors, got {above.shape}")
    return bootstrap_ratios(above[None], np.atleast_2d(below), resamples, seed)[0]


def bootstrap_mean(values: np.ndarray, resamples: int, seed: int) -> Interval:
    """Mean with a percentile bootstrap interval: :func:`bootstrap_ratio` with a count below."""
    return bootstrap_ratio(values, np.ones(len(values)), resamples, seed)
