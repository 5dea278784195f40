"""Training rows packed into one sequence, next to no padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

IGNORED = -100  # label of a token without loss
MULTIPLE = 32  # a packed sequence is this long, or twice, or three times, ...


class Row(NamedTuple):
    """One training example as tokens: the loss is over the target only."""

    prompt: list[int]
    target: list[int]


class Batch(NamedTuple):
    """Rows one after the other, T tokens in all."""

    ids: torch.Tensor  # (1, T)
    positions: torch.Tensor  # (1, T), from 0 in each row
    mask: torch.Tensor | None  # (1, 1, T, T), True where a token may attend: earlier in its own row
    labels: torch.Tensor  # (T,), the token itself in targets, IGNORED in prompts

    def to(self, device: torch.device) -> Batch:
        """The batch on another device."""
        return Batch(*(None if part is None else part.to(device) for part in self))


def pack(rows: Sequence[Row]) -> Batch:
    """Lay rows end to end; the mask keeps each from seeing the others.

    A row that stands alone gets no mask: the model's own is causal, and knows of sliding windows. Rows
    that share a sequence (:func:`chunks`) are shorter than any such window.

    The loss is that of the padded batch. The only padding fills the last few places up to a multiple of
    32: tensors then come in few sizes, and memory that is freed fits what is needed next. Without it a
    training grows to twice its size.
    """
    import torch

    padding = -sum(len(row.prompt) + len(row.target) for row in rows) % MULTIPLE
    laid = [*rows, Row([0] * padding, [])]
    ids = torch.tensor([token for row in laid for token in (*row.prompt, *row.target)])
    lengths = torch.tensor([len(row.prompt) + len(row.target) for row in laid])
    labels = torch.tensor([label for row in laid for label in (*[IGNORED] * len(row.prompt), *row.target)])
    owner = torch.repeat_interleave(torch.arange(len(laid)), lengths)
    starts = torch.repeat_interleave(lengths.cumsum(0) - lengths, lengths)
    positions = torch.arange(len(ids)) - starts
    if len(rows) == 1:
        return Batch(ids[None], positions[None], None, labels)
    mask = (owner[:, None] == owner) & (torch.arange(len(ids))[:, None] >= torch.arange(len(ids)))
    return Batch(ids[None], positions[None], mask[None, None], labels)


def chunks(rows: Sequence[Row], tokens: int) -> list[list[Row]]:
    """Rows in as few groups as keep each below so many tokens, in order; a longer row stands alone."""
    groups: list[list[Row]] = []
    room = 0
    for row in rows:
        length = len(row.prompt) + len(row.target)
        if not groups or length > room:
            groups.append([])
            room = tokens
        groups[-1].append(row)
        room -= length
    return groups


def target_logits(model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of the target tokens in float32, shape (targets, vocabulary), and where these tokens stand.

    The language-model head runs only where a target is predicted: on a small model with a large
    vocabulary it is a fifth of the work. The model itself runs it, since some scale or cap what comes
    out, and decoding sees that too. The first token of a row is never predicted, since prompts are not
    empty, so no label crosses from one row to the next.
    """
    predicted = (batch.labels[1:] != IGNORED).nonzero()[:, 0]
    logits = model(
        input_ids=batch.ids,
        position_ids=batch.positions,
        attention_mask=batch.mask,
        use_cache=False,
        logits_to_keep=predicted,
    ).logits[0]
    return logits.float(), predicted + 1


def target_loss(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """Summed cross-entropy over the target tokens, in nats."""
    import torch.nn.functional as functional

    logits, places = target_logits(model, batch)
    return functional.cross_entropy(logits, batch.labels[places], reduction="sum")


def row_losses(model: torch.nn.Module, rows: Sequence[Row], batch: Batch) -> torch.Tensor:
    """Cross-entropy over the targets of each row of a batch, in nats, shape (rows,), in float64.

    Args:
        model: any causal language model.
        rows: what the batch was packed from.
        batch: see :func:`pack`.
    """
    import torch
    import torch.nn.functional as functional

    logits, places = target_logits(model, batch)
    losses = functional.cross_entropy(logits, batch.labels[places], reduction="none").double()
    sizes = torch.tensor([len(row.target) for row in rows], device=losses.device)
    owner = torch.repeat_interleave(torch.arange(len(rows), device=losses.device), sizes)
    return losses.new_zeros(len(rows)).index_add_(0, owner, losses)
