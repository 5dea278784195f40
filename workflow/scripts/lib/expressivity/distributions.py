"""What a model makes of targets that it is given: losses, and distances between distributions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lib.models.side_by_side import share_sequences
from lib.packing import Row, chunks, pack, target_logits

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

CHUNK_TOKENS = 256  # that go through the model at once


def log_probabilities(model: PreTrainedModel, rows: Sequence[Row]) -> Iterator[torch.Tensor]:
    """Log-probabilities of the whole vocabulary at each place of a row's target, row by row.

    Yields:
        shape (target tokens, vocabulary), float32, on the CPU.
    """
    import torch

    for part in chunks(rows, share_sequences(model, CHUNK_TOKENS)):
        with torch.inference_mode():
            logits, _ = target_logits(model, pack(part).to(model.device))
            found = logits.log_softmax(-1).cpu()
        yield from found.split([len(row.target) for row in part])  # outside: the mode is not the caller's


def loss(log_probability: torch.Tensor, target: Sequence[int]) -> float:
    """Negative log-likelihood of a target, in nats: teacher forcing."""
    return -sum(log_probability[place, token].item() for place, token in enumerate(target))


def divergence(reference: torch.Tensor, log_probability: torch.Tensor) -> float:
    """Kullback-Leibler divergence from a reference, summed over the places of a target, in nats."""
    reference = reference.double()
    return (reference.exp() * (reference - log_probability)).sum().item()
