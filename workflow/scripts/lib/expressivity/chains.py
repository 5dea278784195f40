"""Chains of low-rank updates on quadratics: where RAC-LoRA converges, and where others do not.

Malinovsky et al. (2024), "Randomized Asymmetric Chain of LoRA". All runs of a method go at once: W has the
shape (runs, n, n), and so have B with (runs, n, r) and A with (runs, r, n).
"""

from __future__ import annotations

import numpy as np

METHODS = ("full", "lora", "cola", "asymmetric", "rac")
LINK = 10  # steps after which COLA merges its factors and starts new ones
DIVERGED = 1e6  # a run is given up where f is so many times what it was at the start


def isotropic(n: int, rank: int, steps: int, runs: int, seed: int) -> np.ndarray:
    """f_T / f_0 of RAC-LoRA with exact steps on f(W) = |W - W*|_F^2 / 2, whose mean is (1 - r / n)^T.

    Each link draws B from a normal distribution and takes the A that minimises f(W + B A).

    Returns:
        shape (runs, steps + 1).
    """
    rng = np.random.default_rng(seed)
    distance = rng.standard_normal((runs, n, n))  # W* - W
    found = [np.square(distance).sum((1, 2))]
    for _ in range(steps):
        b = rng.standard_normal((runs, n, rank))
        distance = distance - b @ _least_squares(b, distance)
        found.append(np.square(distance).sum((1, 2)))
    return np.stack(found, 1) / found[0][:, None]


def counterexample(method: str, steps: int, runs: int, seed: int) -> np.ndarray:
    """f_T / f_0 of rank-1 updates of a 3 x 3 matrix, on f(x) = (x - x*)^T M (x - x*) / 2 with x = vec(W).

    M is Diag(10, 1, ..., 1), W* the identity, and W starts at zero. All steps have the length 1 / L, with the
    largest curvature L = 10, which is what gradient descent on W may take. ``lora`` takes it on A and B
    together, ``cola`` too, and merges and draws them anew every ten steps. ``asymmetric`` has one B for ever,
    ``rac`` draws one in every step, and both step along the projection of the gradient on the span of B, as
    the paper analyses them.

    Returns:
        shape (runs, steps + 1), NaN from where a run has diverged.
    """
    n, rank = 3, 1
    curvature = np.ones((n, n))
    curvature[0, 0] = 10
    length, goal = 1 / curvature.max(), np.eye(n)
    rng = np.random.default_rng(seed)

    def gradient(w: np.ndarray) -> np.ndarray:
        return curvature * (w - goal)

    def value(w: np.ndarray) -> np.ndarray:
        return (curvature * np.square(w - goal)).sum((1, 2)) / 2

    def drawn() -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((runs, n, rank)), rng.standard_normal((runs, rank, n))

    w, sketch = np.zeros((runs, n, n)), rng.standard_normal((runs, n, rank))
    b, a = drawn()
    found = [value(w)]
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps):
            if method in ("lora", "cola"):
                if method == "cola" and step and step % LINK == 0:
                    w = w + b @ a
                    b, a = drawn()
                slope = gradient(w + b @ a)
                b, a = b - length * slope @ _transposed(a), a - length * _transposed(b) @ slope
            else:
                if method == "rac":
                    sketch = rng.standard_normal((runs, n, rank))
                slope = gradient(w)
                w = w - length * (slope if method == "full" else sketch @ _least_squares(sketch, slope))
            found.append(value(w + b @ a))
        ratios = np.stack(found, 1) / found[0][:, None]
        return np.where(np.logical_or.accumulate(~(ratios <= DIVERGED), axis=1), np.nan, ratios)


def _transposed(matrices: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrices, -1, -2)


def _least_squares(b: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The A with the least |wanted - B A|, for B (runs, n, r) of full rank."""
    return np.linalg.solve(_transposed(b) @ b, _transposed(b) @ wanted)
