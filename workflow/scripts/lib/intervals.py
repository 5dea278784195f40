"""Intervals. What they are over (items, documents, seeds) is the caller's to say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEVEL = 0.95
CHUNK = 64  # resamples drawn at a time, which bounds the memory


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


def share(hits: np.ndarray) -> Interval:
    """Share of units that are right, with its Wilson score interval (Wilson 1927).

    A bootstrap would put no width at all around none or all of the units.

    Args:
        hits: True for each unit that is right, shape (n,).

    Raises:
        ValueError: no units.
    """
    from scipy.stats import binomtest

    if not len(hits):
        raise ValueError("no units")
    found = binomtest(int(np.sum(hits)), len(hits))
    low, high = found.proportion_ci(LEVEL, method="wilson")
    return Interval(float(found.statistic), float(low), float(high))


def bootstrap_ratio(numerators: np.ndarray, denominators: np.ndarray, resamples: int, seed: int) -> Interval:
    """Ratio of totals, with a percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13).

    Units are resampled with numerator and denominator together, so that pairs stay paired.

    Args:
        numerators: one number per unit, shape (n,).
        denominators: one number per unit, shape (n,); their total must not be zero.
        resamples: bootstrap samples.
        seed: of the resampling; equal seeds and n give equal resamples for paired comparisons.

    Raises:
        ValueError: no units, unequal shapes, or a total of zero in the denominators.
    """
    numerators, denominators = np.asarray(numerators, float), np.asarray(denominators, float)
    if numerators.shape != denominators.shape or numerators.ndim != 1 or not len(numerators):
        raise ValueError(
            f"expected two equal, non-empty vectors, got {numerators.shape}, {denominators.shape}"
        )
    if denominators.sum() == 0:
        raise ValueError("the denominators add up to zero")
    rng = np.random.default_rng(seed)
    n, draws = len(numerators), []
    for start in range(0, resamples, CHUNK):
        sample = rng.integers(0, n, (min(CHUNK, resamples - start), n))
        below = denominators[sample].sum(1)
        draws.append(
            np.divide(numerators[sample].sum(1), below, out=np.full(len(below), np.nan), where=below != 0)
        )
    drawn = np.concatenate(draws)
    return Interval(float(numerators.sum() / denominators.sum()), *ends(drawn[~np.isnan(drawn)]))


def bootstrap_mean(values: np.ndarray, resamples: int, seed: int) -> Interval:
    """Mean with a percentile bootstrap interval: :func:`bootstrap_ratio` with a count below."""
    return bootstrap_ratio(values, np.ones(len(values)), resamples, seed)
