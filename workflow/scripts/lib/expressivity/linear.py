"""Matrices in series, to be one matrix: Lemma 1 of Zeng & Lee (2024)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lib.expressivity.chain import product, updated
from lib.expressivity.paper_model import PaperModel, highest_rank

if TYPE_CHECKING:
    import torch

    from lib.expressivity.paper_model import Weights


class Linear(PaperModel):
    """L frozen matrices whose product is to become the target."""

    name = "linear"
    measure = "spectral norm"

    def __init__(self, dimension: int, depth: int, seeds: Sequence[int]) -> None:
        super().__init__(dimension, depth, seeds)
        self.low_rank = list(self.frozen)
        self.difference = self.target["W.0"] - product(list(self.frozen.values()))
        self.threshold = math.ceil(highest_rank(self.difference) / depth)

    def weights(self, whose: str) -> Weights:
        """The layers, of which the target has one."""
        layers = self.depth if whose == "frozen" else 1
        return {f"W.{layer}": self.matrix(f"{whose} W.{layer}") for layer in range(layers)}

    def inputs(self, count: int, purpose: str) -> torch.Tensor:
        """The identity, whatever is asked for: the outputs are the product itself."""
        import torch

        return torch.eye(self.dimension, dtype=torch.float64).expand(len(self.seeds), -1, -1)

    def run(self, weights: Weights, inputs: torch.Tensor) -> torch.Tensor:
        """The layers, one after the other."""
        return product([inputs, *weights.values()])

    def constructed(self, rank: int) -> Weights:
        """The updates of Lemma 1."""
        layers = updated(list(self.frozen.values()), self.target["W.0"], rank)
        return dict(zip(self.frozen, layers, strict=True))

    def error(self, weights: Weights, inputs: torch.Tensor) -> torch.Tensor:
        """Spectral norm of the target less the product."""
        import torch

        return torch.linalg.matrix_norm(self.target["W.0"] - self.run(weights, inputs), 2)

    def bound(self, rank: int) -> torch.Tensor:
        """The least error that updates of a rank leave: singular value R L + 1 of the difference, (S,)."""
        import torch

        values = torch.nn.functional.pad(torch.linalg.svdvals(self.difference), (0, 1))
        return values[:, min(rank * self.depth, self.dimension)]
