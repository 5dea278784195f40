"""What the models of "The Expressive Power of Low-Rank Adaptation" share (Zeng & Lee, ICLR 2024)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lib.seeds import derive

if TYPE_CHECKING:
    import torch

    Weights = dict[str, torch.Tensor]


class PaperModel(ABC):
    """A frozen model and a target with random weights in float64, and the paper's way from one to the other.

    Matrices of the frozen model may change by a bounded rank, its biases freely. All is done for S seeds at
    once: matrices have the shape (S, ..., D, D), biases (S, D, 1). Weights that are compared with the target
    may have further axes in front, for several runs.

    Attributes:
        name: which of the paper's models.
        measure: what :meth:`error` gives.
        depth: layers of the frozen model.
        frozen: its weights by name; names of biases begin with b.
        target: those of the target.
        low_rank: names of the matrices whose update has a bounded rank.
        threshold: the least rank at which the theorem promises the target itself, for every seed.
    """

    name: str
    measure = "relative mean squared error"
    low_rank: list[str]
    threshold: int

    def __init__(self, dimension: int, depth: int, seeds: Sequence[int]) -> None:
        self.dimension, self.depth, self.seeds = dimension, depth, seeds
        self.frozen, self.target = self.weights("frozen"), self.weights("target")

    @property
    def free(self) -> list[str]:
        """Names of the biases, which are fitted anew."""
        return [name for name in self.frozen if name.startswith("b")]

    @abstractmethod
    def weights(self, whose: str) -> Weights:
        """Random weights of the frozen model or of the target."""

    @abstractmethod
    def inputs(self, count: int, purpose: str) -> torch.Tensor:
        """So many inputs of each seed, shape (S, D, ...)."""

    @abstractmethod
    def run(self, weights: Weights, inputs: torch.Tensor) -> torch.Tensor:
        """The outputs of a model with these weights, shape (..., S, D, n)."""

    @abstractmethod
    def constructed(self, rank: int) -> Weights:
        """The frozen weights with the paper's updates of at most this rank."""

    def distance(self, weights: Weights, inputs: torch.Tensor) -> torch.Tensor:
        """Squared distance of the outputs from the target's over the square of these, shape (..., S)."""
        wanted = self.run(self.target, inputs)
        missed = (self.run(weights, inputs) - wanted).square().sum((-1, -2))
        return missed / wanted.square().sum((-1, -2))

    def error(self, weights: Weights, inputs: torch.Tensor) -> torch.Tensor:
        """What :attr:`measure` says, shape (..., S)."""
        return self.distance(weights, inputs)

    def normal(self, purpose: str, *shape: int) -> torch.Tensor:
        """Standard normal numbers, of each seed its own, shape (S, *shape)."""
        import torch

        drawn = []
        for seed in self.seeds:
            source = torch.Generator().manual_seed(derive(seed, self.name, self.depth, purpose))
            drawn.append(torch.randn(shape, generator=source, dtype=torch.float64))
        return torch.stack(drawn)

    def matrix(self, purpose: str, *axes: int) -> torch.Tensor:
        """Random matrices (S, *axes, D, D), with entries of variance 1 / D: products keep their size."""
        return self.normal(purpose, *axes, self.dimension, self.dimension) / math.sqrt(self.dimension)


def highest_rank(error: torch.Tensor) -> int:
    """The highest rank among matrices of shape (..., D, D)."""
    import torch

    return int(torch.linalg.matrix_rank(error).max())
