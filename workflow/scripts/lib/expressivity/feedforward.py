"""A deep ReLU network, to be a shallower one: Theorem 3 of Zeng & Lee (2024)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lib.expressivity.chain import product, updated
from lib.expressivity.paper_model import PaperModel, highest_rank

if TYPE_CHECKING:
    import torch

    from lib.expressivity.paper_model import Weights

MERGED = 2  # frozen layers that become one of the target
BOUND = 3.0  # of the inputs' entries: the theorem is about bounded inputs


class FeedForward(PaperModel):
    """L frozen layers and a target of L / 2, all with a ReLU."""

    name = "feedforward"

    def __init__(self, dimension: int, depth: int, seeds: Sequence[int]) -> None:
        super().__init__(dimension, depth, seeds)
        self.groups = [range(first, first + MERGED) for first in range(0, depth, MERGED)]
        self.low_rank = [f"W.{layer}" for layer in range(depth)]
        ranks = [
            highest_rank(self.target[f"W.{place}"] - product([self.frozen[f"W.{layer}"] for layer in group]))
            for place, group in enumerate(self.groups)
        ]
        self.threshold = math.ceil(max(ranks) / MERGED)

    def weights(self, whose: str) -> Weights:
        """Matrices and biases of all layers."""
        drawn = {}
        for layer in range(self.depth if whose == "frozen" else self.depth // MERGED):
            drawn[f"W.{layer}"] = self.matrix(f"{whose} W.{layer}")
            drawn[f"b.{layer}"] = self.normal(f"{whose} b.{layer}", self.dimension, 1)
        return drawn

    def inputs(self, count: int, purpose: str) -> torch.Tensor:
        """Standard normal columns, clipped."""
        return self.normal(purpose, self.dimension, count).clip(-BOUND, BOUND)

    def run(self, weights: Weights, inputs: torch.Tensor) -> torch.Tensor:
        """A ReLU after every layer, the last included."""
        state = inputs
        for layer in range(len(weights) // 2):
            state = (weights[f"W.{layer}"] @ state + weights[f"b.{layer}"]).relu()
        return state

    def constructed(self, rank: int) -> Weights:
        """The updates of Lemma 1 in each group of layers, with biases that put its layers in series.

        The biases of a group lift whatever comes in above zero, so that ReLUs let it through, and the last
        one takes the lift away and adds the bias of the target.
        """
        import torch

        found = dict(self.frozen)
        longest = torch.full((len(self.seeds), 1, 1), BOUND * math.sqrt(self.dimension), dtype=torch.float64)
        for place, group in enumerate(self.groups):
            offset = self.target[f"b.{place}"]
            layers = updated([self.frozen[f"W.{i}"] for i in group], self.target[f"W.{place}"], rank)
            lift = torch.zeros_like(offset)
            for number, (layer, matrix) in enumerate(zip(group, layers, strict=True)):
                scale = torch.linalg.matrix_norm(product(layers[: number + 1]), 2)[:, None, None]
                above = offset if layer == group[-1] else (scale * longest).expand_as(offset)
                found |= {f"W.{layer}": matrix, f"b.{layer}": above - matrix @ lift}
                lift = above
            longest = scale * longest + torch.linalg.vector_norm(offset, dim=-2, keepdim=True)
        return found
