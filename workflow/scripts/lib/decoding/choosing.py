"""How the next token of each row is chosen from its logits, and how sure the model was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from lib.seeds import derive

if TYPE_CHECKING:
    import numpy as np
    import torch

Groups = tuple[list[int], list[int]]  # ids of the tokens of two words, like yes and no

NUCLEUS = 64  # likeliest tokens in which a nucleus is looked for first; nearly always it is smaller


class Look(NamedTuple):
    """What is kept of the distributions of one step, a value for each row.

    Attributes:
        likeliest: the likeliest token.
        margins: p(top 1) - p(top 2).
        contrasts: the mass of one group of tokens less that of another; none where no groups are asked for.
    """

    likeliest: list[int]
    margins: list[float]
    contrasts: list[float] | list[None]


def look(logits: torch.Tensor, groups: Groups | None = None) -> Look:
    """Read the distributions of one step.

    Probabilities are a softmax over the whole vocabulary, in float32; no others are kept.

    Args:
        logits: shape (rows, vocabulary).
        groups: ids of the tokens whose masses are compared.
    """
    total = logits.logsumexp(-1, keepdim=True)
    values, indices = logits.topk(2, dim=-1)
    first, second = (values - total).exp().unbind(-1)
    contrasts = [None] * len(logits)
    if groups:
        ours, theirs = ((logits[:, ids] - total).exp().sum(-1) for ids in groups)
        contrasts = (ours - theirs).tolist()
    return Look(indices[:, 0].tolist(), (first - second).tolist(), contrasts)


def uniform(seed: int, item: str, branch: int, length: int) -> np.ndarray:
    """The numbers in [0, 1) that one branch is sampled by, one a token.

    They depend on nothing else, so that neither the other rows of a batch nor its size change a sample.
    """
    import numpy as np

    rng = np.random.default_rng(derive(seed, "sampling", item, branch))
    return rng.random(length, dtype=np.float32)


def sampled(logits: torch.Tensor, temperature: float, top_p: float, numbers: Sequence[float]) -> torch.Tensor:
    """A token for each row, drawn by inverting its cumulative distribution at the row's number.

    Args:
        logits: shape (rows, vocabulary).
        temperature: that logits are divided by.
        top_p: mass of the nucleus (Holtzman et al. 2020): the fewest likeliest tokens that have it.
        numbers: one a row, in [0, 1).
    """
    import torch

    probabilities = (logits / temperature).softmax(-1)
    indices = None
    if top_p < 1:
        probabilities, indices = _nucleus(probabilities, top_p)
    cumulative = probabilities.cumsum(-1)
    mass = cumulative[:, -1:].contiguous()
    drawn = torch.searchsorted(
        cumulative, mass * torch.tensor(numbers, device=logits.device)[:, None], right=True
    )
    # Rounding may put the number at the very end: the last token is the first that reaches the whole mass.
    drawn = drawn.minimum(torch.searchsorted(cumulative, mass))
    return (drawn if indices is None else indices.gather(-1, drawn))[:, 0]


def _nucleus(probabilities: torch.Tensor, top_p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities, likeliest first, with those beyond the nucleus at zero; and their tokens."""
    size = NUCLEUS
    while True:
        values, indices = probabilities.topk(min(size, probabilities.shape[-1]), dim=-1)
        before = values.cumsum(-1) - values
        if size >= probabilities.shape[-1] or bool((before[:, -1] >= top_p).all()):
            return values * (before < top_p), indices
        size *= 8
