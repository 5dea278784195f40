"""Training rows packed into one sequence: next to no padding, and a beginning that rows share read once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

IGNORED = -100  # label of a token without loss

# Tokens that go through a model at once: activations need memory in proportion. A quarter of it saved a
# fourth of the memory of training a model of 135M parameters on a CPU, and took a third more time.
CHUNK_TOKENS = 512
MULTIPLE = 32  # a packed sequence is this long, or twice, or three times, ...


class Row(NamedTuple):
    """One training example as tokens: the loss is over the target only."""

    prompt: list[int]
    target: list[int]
    reader: int = 0  # of several adapters on one model, the one that reads the row
    bytes: int = 0  # of the text that it is made from, where steps are counted in bytes

    @property
    def tokens(self) -> int:
        """Length of the row."""
        return len(self.prompt) + len(self.target)


class Batch(NamedTuple):
    """Rows one after the other, T tokens in all."""

    ids: torch.Tensor  # (1, T)
    positions: torch.Tensor  # (1, T), from 0 in each row
    places: torch.Tensor | None  # (1, 1, rows, longest): where rows' tokens stand; T and more: none
    labels: torch.Tensor  # (T,), the token itself in targets, IGNORED in prompts
    spans: list[tuple[int, int, int]]  # reader, start and stop of rows that one adapter reads

    def to(self, device: torch.device) -> Batch:
        """The batch on another device."""
        *tensors, spans = self
        return Batch(*(None if tensor is None else tensor.to(device) for tensor in tensors), spans)


def shared(before: Row | None, row: Row) -> int:
    """How many tokens a row need not read again after another one: those that both prompts begin with.

    The last token of a prompt is not among them: it predicts the target, and the loss of a row is its own.
    Two adapters share none.
    """
    if before is None or before.reader != row.reader:
        return 0
    pairs = zip(before.prompt[:-1], row.prompt[:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def pack(rows: Sequence[Row]) -> Batch:
    """Lay rows end to end, each without what it shares with the one before it (:func:`shared`).

    In a causal model these tokens have the same hidden states in both rows. Sorted rows share most. Rows
    of one reader stand together.
    Attention keeps rows apart, see :mod:`lib.models.side_by_side`. A row that stands alone gets no places:
    the model's own mask is causal, and knows of sliding windows.

    The loss is that of the padded batch. The only padding fills the last few places up to a multiple of
    32: tensors then come in few sizes, and memory that is freed fits what is needed next. Without it a
    training grows to twice its size.
    """
    import torch

    ids: list[int] = []
    positions: list[int] = []
    labels: list[int] = []
    places: list[list[int]] = []
    spans: list[tuple[int, int, int]] = []
    before = None
    for row in rows:
        kept = shared(before, row)
        tokens = [*row.prompt, *row.target]
        old = places[-1][:kept] if places else []
        places.append([*old, *range(len(ids), len(ids) + len(tokens) - kept)])
        ids += tokens[kept:]
        positions += range(kept, len(tokens))
        labels += [*[IGNORED] * (len(row.prompt) - kept), *row.target]
        start = spans.pop()[1] if before and before.reader == row.reader else places[-1][0]
        spans.append((row.reader, start, len(ids)))
        before = row
    padding = -len(ids) % MULTIPLE
    ids += [0] * padding
    positions += range(padding)
    labels += [IGNORED] * padding
    longest = max(len(place) for place in places)
    # What fills up a line is a token of its own, so that numbers which overflowed reach no other row.
    table = [[*place, *[len(ids) + place[0]] * (longest - len(place))] for place in places]
    return Batch(
        torch.tensor([ids]),
        torch.tensor([positions]),
        torch.tensor([[table]]) if len(rows) > 1 else None,
        torch.tensor(labels),
        spans,
    )


def chunks(rows: Sequence[Row], tokens: int) -> list[list[Row]]:
    """Rows in as few groups as keep each below so many tokens, in order; a longer row stands alone.

    What a row shares with the one before it in its group does not count.
    """
    groups: list[list[Row]] = []
    room = 0
    for row in rows:
        needed = row.tokens - (shared(groups[-1][-1], row) if groups else 0)
        if not groups or needed > room:
            groups.append([])
            needed, room = row.tokens, tokens
        groups[-1].append(row)
        room -= needed
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
        attention_mask=batch.places,
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
