"""Zipf curves of token frequencies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

POINTS = 256
BINS = 60
MARGIN = 5  # bins that either regime must have
KNEES = 200
ENOUGH = 50_000  # tokens; in a smaller sample the second regime is made of steps of one occurrence


class Fit(NamedTuple):
    """Two-regime fit: f(r) ~ r ** -alpha_1 up to the knee, r ** -alpha_2 beyond."""

    alpha_1: float
    alpha_2: float
    knee: float
    delta_bic: float


def frequencies(counts: np.ndarray) -> np.ndarray:
    """Shares of all tokens by rank, highest first, of the types that occur.

    Args:
        counts: occurrences of each type, in any order.
    """
    seen = np.sort(counts[counts > 0])[::-1]
    return seen / seen.sum()


def log_spaced_ranks(n: int) -> np.ndarray:
    """At most 256 ranks from 1 to ``n``, evenly spaced by their logarithm."""
    return np.unique(np.geomspace(1, n, POINTS).round().astype(int))


def _least_squares(designs: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solutions and squared errors of many designs of the same y, shapes (designs, columns), (designs,)."""
    q, r = np.linalg.qr(designs)
    solutions = np.linalg.solve(r, np.swapaxes(q, 1, 2) @ y[:, None])
    return solutions[:, :, 0], (((designs @ solutions)[:, :, 0] - y) ** 2).sum(1)


def fit(counts: np.ndarray) -> Fit | None:
    """Two-regime Zipf law (Ferrer-i-Cancho & Sole 2001), fitted to log-spaced bins of ranks.

    log f(r) = a - alpha_1 log r up to the knee, continuous, with slope -alpha_2 beyond; least
    squares over the bins' mean log rank and mean log frequency, so that the tail's many ranks do
    not rule; the knee by grid search. delta_bic = BIC(one regime) - BIC(two), with
    BIC = n ln(RSS / n) + p ln n, p = 2 and 4: positive favours two.

    Args:
        counts: occurrences of each type, in any order.

    Returns:
        The fit; None for a sample below 50,000 tokens or with too few types for the bins.
    """
    if counts.sum() < ENOUGH:
        return None
    frequency = frequencies(counts)
    log_rank = np.log(np.arange(1, len(frequency) + 1))
    edges = np.linspace(0, log_rank[-1], BINS + 1)
    index = np.clip(np.searchsorted(edges, log_rank, "right") - 1, 0, BINS - 1)
    size = np.bincount(index, minlength=BINS)
    filled = size > 0
    x = np.bincount(index, log_rank, BINS)[filled] / size[filled]
    y = np.bincount(index, np.log(frequency), BINS)[filled] / size[filled]
    if len(x) < 2 * MARGIN + 1:
        return None

    _, (single,) = _least_squares(np.stack([np.ones_like(x), -x], 1)[None], y)
    knees = np.linspace(x[MARGIN - 1], x[-MARGIN], KNEES)[:, None]
    first, second = -np.minimum(x, knees), -np.maximum(x - knees, 0)
    solutions, errors = _least_squares(np.stack([np.ones_like(first), first, second], 2), y)
    double, knee, (_, alpha_1, alpha_2) = errors.min(), knees[errors.argmin(), 0], solutions[errors.argmin()]
    n, tiny = len(x), np.finfo(float).tiny
    delta = n * np.log(max(single, tiny) / max(double, tiny)) - 2 * np.log(n)
    # The last bits of a least-squares solution differ between runs; tables of equal runs are equal.
    return Fit(*(float(f"{value:.12g}") for value in (alpha_1, alpha_2, np.exp(knee), delta)))
