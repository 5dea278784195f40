"""The update dW of a full fine-tuning: its spectrum, and the model with less of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lib.adaptation import saved
from lib.models.matrices import linear

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def trained(adapter: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """The weights of a full fine-tuning, one at a time: names of parameters, and their values."""
    from safetensors import safe_open

    with safe_open(adapter / saved.WEIGHTS, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118
            yield name, file.get_tensor(name)


def spectrum(update: torch.Tensor) -> np.ndarray:
    """Singular values of a matrix, in float64, falling, shape (min(rows, columns),)."""
    import torch

    return torch.linalg.svdvals(update.double()).cpu().numpy()


def residuals(values: np.ndarray) -> np.ndarray:
    """Least relative Frobenius errors of approximations of rank 1, 2, ... (Eckart & Young 1936).

    Args:
        values: singular values, falling.

    Returns:
        sqrt(sum of the squares beyond the rank / sum of all squares), shape as ``values``; NaN for a matrix
        of zeros.
    """
    squares = np.square(values)
    left = np.append(np.cumsum(squares[::-1])[::-1][1:], 0.0)
    return np.sqrt(left / squares.sum()) if squares.any() else np.full(len(values), np.nan)


def stable_rank(values: np.ndarray) -> float:
    """Squared Frobenius norm over squared spectral norm (Rudelson & Vershynin 2007); NaN for zeros."""
    return float(np.square(values).sum() / values[0] ** 2) if values[0] else np.nan


def rank_for(values: np.ndarray, share: float) -> int | None:
    """The least rank with a share of the squared Frobenius norm; None for zeros."""
    energy = np.cumsum(np.square(values))
    return int(np.searchsorted(energy, share * energy[-1]) + 1) if energy[-1] else None


def truncations(model: PreTrainedModel, adapter: Path, ranks: Sequence[int]) -> Iterator[int]:
    """Turn a model into the fine-tuned one with its linear updates cut to each rank, one after the other.

    All else, such as embeddings and norms, is as it was fine-tuned. A rank at or above that of an update
    leaves it whole.

    Args:
        model: the model before the training, in float32; changed in place.
        adapter: folder of the full fine-tuning.
        ranks: in rising order; 0 takes the linear updates away.

    Yields:
        each rank, when the model is at it.
    """
    import torch

    matrices = {f"{name}.weight" for name in linear(model)}
    weights = dict(model.named_parameters())
    factors: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    for name, tensor in trained(adapter):
        weight, tensor = weights[name].data, tensor.to(weights[name].device)
        if name in matrices:
            left, values, right = torch.linalg.svd(tensor - weight, full_matrices=False)
            most = max(ranks)
            factors[name] = left[:, :most] * values[:most], right[:most].clone()
        else:
            weight.copy_(tensor)
    reached = 0
    for rank in ranks:
        for name, (left, right) in factors.items():
            weights[name].data += left[:, reached:rank] @ right[reached:rank]
        reached = rank
        yield rank
