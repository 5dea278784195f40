"""What a model makes of given text: the loss of each row, as many rows at once as suit it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lib.models.side_by_side import share_sequences
from lib.packing import CHUNK_TOKENS, Row, chunks, pack, row_losses

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def losses(
    model: PreTrainedModel, rows: Sequence[Row], advance: Callable[[int], Any] = lambda done: None
) -> list[float]:
    """Minus the log-probability of each row's target given its prompt, in nats.

    Log-probabilities are taken in float32 and added up in float64.

    Args:
        model: in evaluation mode.
        rows: each is read alone.
        advance: called with the number of rows that were read, for progress.
    """
    import torch

    size = share_sequences(model, CHUNK_TOKENS)
    nats: list[float] = []
    with torch.inference_mode():
        for part in chunks(rows, size):
            batch = pack(part).to(model.device)
            nats += row_losses(model, part, batch).tolist()
            advance(len(part))
    return nats
