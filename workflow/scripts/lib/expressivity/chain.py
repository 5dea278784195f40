"""Low-rank updates of layers in series: what the product of them can become."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def product(layers: Sequence[torch.Tensor]) -> torch.Tensor:
    """The product of layers of shape (..., D, D), the first one applied first."""
    return reduce(lambda below, layer: layer @ below, layers)


def updated(layers: Sequence[torch.Tensor], target: torch.Tensor, rank: int) -> list[torch.Tensor]:
    """Layers whose product comes as near to the target as updates of a rank allow (Zeng & Lee 2024, Lemma 1).

    With E the target less the product of the layers, layer l takes the next R right singular vectors Q_l of
    E. They reach the product through P_l, the product of the layers above it, and D_l, that of the layers
    below it with their updates: dW_l = P_l^-1 E Q_l Q_l^T D_l^-1. What is left of E has the singular value
    R L + 1 of E as its spectral norm, and no updates of rank R leave less.

    Args:
        layers: L matrices W_l of shape (..., D, D), the first one applied first. P_l and D_l must be
            invertible, as those of random matrices are.
        target: shape (..., D, D).
        rank: R, of each update.

    Returns:
        the layers W_l + dW_l.
    """
    import torch

    identity = torch.eye(target.shape[-1], dtype=target.dtype).expand_as(target)
    error = target - product(layers)
    vectors = torch.linalg.svd(error).Vh.mT
    found: list[torch.Tensor] = []
    for place, layer in enumerate(layers):
        above, below = product([identity, *layers[place + 1 :]]), product([identity, *found])
        chosen = vectors[..., place * rank : (place + 1) * rank]
        left = torch.linalg.solve(above, error @ chosen)
        found.append(layer + left @ torch.linalg.solve(below.mT, chosen).mT)
    return found
