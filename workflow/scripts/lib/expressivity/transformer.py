"""The paper's transformer, to be another one of its shape: Theorem 7 of Zeng & Lee (2024).

It has no residual stream, no normalisation, no code of positions, and D x D matrices for the queries, keys,
values and outputs of each head. What is shown of it is not shown of the models in use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lib.expressivity.chain import updated
from lib.expressivity.paper_model import PaperModel, highest_rank

if TYPE_CHECKING:
    import torch

    from lib.expressivity.paper_model import Weights

HEADS, POSITIONS = 2, 10  # as in the paper's experiments
ATTENTION = ("WQ", "WK", "WV", "WO")  # WK is held transposed: WK @ WQ is what the scores depend on


class Transformer(PaperModel):
    """L blocks of attention and a ReLU layer, then an output layer; outputs are compared before its softmax.

    Matrices come in pairs in series, of which only the product matters: two updates of rank R change it by
    rank 2 R, hence the threshold of half the dimension.
    """

    name = "transformer"

    def __init__(self, dimension: int, depth: int, seeds: Sequence[int]) -> None:
        super().__init__(dimension, depth, seeds)
        pairs = self._pairs()
        self.low_rank = [name for pair, _ in pairs for name in pair]
        missing = [wanted - self.frozen[above] @ self.frozen[below] for (below, above), wanted in pairs]
        self.threshold = math.ceil(max(map(highest_rank, missing)) / 2)

    def weights(self, whose: str) -> Weights:
        """All heads' matrices (S, H, D, D), both layers of each feed-forward part, and the output layer."""
        drawn = {}
        for layer in range(self.depth):
            drawn |= {f"{part}.{layer}": self.matrix(f"{whose} {part}.{layer}", HEADS) for part in ATTENTION}
            for part in (1, 2):
                drawn[f"W{part}.{layer}"] = self.matrix(f"{whose} W{part}.{layer}")
                drawn[f"b{part}.{layer}"] = self.normal(f"{whose} b{part}.{layer}", self.dimension, 1)
        return drawn | {"Wout": self.matrix(f"{whose} Wout")}

    def inputs(self, count: int, purpose: str) -> torch.Tensor:
        """Sequences of T standard normal columns, shape (S, D, count, T)."""
        return self.normal(purpose, self.dimension, count, POSITIONS)

    def run(self, weights: Weights, inputs: torch.Tensor) -> torch.Tensor:
        """Outputs of all positions of all sequences, shape (..., S, D, count * T)."""
        import torch

        sizes, state = inputs.shape[-2:], inputs.flatten(-2)
        for layer in range(self.depth):
            query, key, value, out = (weights[f"{part}.{layer}"] for part in ATTENTION)
            each = state.unsqueeze(-3)  # (..., 1, D, count * T): the same for all heads
            asked, given = (((pair @ each).unflatten(-1, sizes)) for pair in (key @ query, out @ value))
            rows = state.unflatten(-1, sizes)
            # Each column s attends to the columns t of its sequence n.
            shares = torch.einsum("...dnt,...hdns->...hnts", rows, asked).softmax(-2)
            state = torch.einsum("...hdnt,...hnts->...dns", given, shares).flatten(-2)
            hidden = (weights[f"W1.{layer}"] @ state + weights[f"b1.{layer}"]).relu()
            state = weights[f"W2.{layer}"] @ hidden + weights[f"b2.{layer}"]
        return weights["Wout"] @ state

    def constructed(self, rank: int) -> Weights:
        """The updates of Lemma 1 for each pair in series, with the biases that go with them."""
        import torch

        found = dict(self.frozen)
        for (below, above), wanted in self._pairs():
            found[below], found[above] = updated([self.frozen[below], self.frozen[above]], wanted, rank)
        for layer in range(self.depth):
            found[f"b1.{layer}"] = self.target[f"b1.{layer}"]
            wanted = self.target[f"b2.{layer}"]
            if layer < self.depth - 1:
                found[f"b2.{layer}"] = torch.linalg.solve(self._basis(layer + 1), wanted)
            else:
                found[f"b2.{layer}"] = torch.linalg.solve(found["Wout"], self.target["Wout"] @ wanted)
        return found

    def _basis(self, layer: int) -> torch.Tensor:
        """C (S, D, D): what enters a block of the target is C times what enters the frozen one."""
        import torch

        if layer == 0:
            return torch.eye(self.dimension, dtype=torch.float64).expand(len(self.seeds), -1, -1)
        below = f"W2.{layer - 1}"
        return torch.linalg.solve(self.frozen[below], self.target[below], left=False)

    def _pairs(self) -> list[tuple[tuple[str, str], torch.Tensor]]:
        """Names of each two matrices in series, the lower one first, and what their product has to be."""
        import torch

        found = []
        for layer in range(self.depth):
            query, key, value, out = (self.target[f"{part}.{layer}"] for part in ATTENTION)
            basis = self._basis(layer).unsqueeze(1)  # the same for all heads
            first = f"W1.{layer}"
            # Scores depend on W_K^T W_Q, what a head adds on W_O W_V, and W1, which stays, is undone.
            undo = torch.linalg.solve(self.frozen[first], self.target[first]).unsqueeze(1)
            found += [
                ((f"WQ.{layer}", f"WK.{layer}"), basis.mT @ key @ query @ basis),
                ((f"WV.{layer}", f"WO.{layer}"), undo @ out @ value @ basis),
            ]
        top = f"W2.{self.depth - 1}"
        return [*found, ((top, "Wout"), self.target["Wout"] @ self.target[top])]
