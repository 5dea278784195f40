"""Rows that are decoded together: what a model remembers of each, and how rows come and go.

Two kinds do the same: :class:`Slots` for models that only attend, in which a row takes the place of one that
ended, and :class:`Lockstep` for all others, in which rows begin together. In float32 the logits are those
of reading every row alone.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

READ_TOKENS = 256  # of prompts that are read at once: more are no faster, and wait longer for a free row


class Prefix(NamedTuple):
    """A prompt that was read: one row of a cache.

    Attributes:
        cache: transformers' cache of the prompts that were read together, padded on the left.
        row: of the cache.
        length: tokens of the prompt.
    """

    cache: Any
    row: int
    length: int


class Rows(Protocol):
    """The rows of a batch."""

    @property
    def room(self) -> int:
        """Rows that may be added now."""

    def together(self, lengths: Sequence[int], copies: int) -> int:
        """How many prompts of these lengths, each of which becomes so many rows, are read next."""

    def add(self, prefixes: list[Prefix]) -> None:
        """Begin rows with what was read; at most as many as there is room for."""

    def keep(self, going: list[int]) -> list[int]:
        """Drop all rows but these, in ascending order; return the order in which they are from now on."""

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Add a token to each row; return float32 logits of the next, shape (rows, vocabulary)."""


def padded(model: PreTrainedModel, sequences: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids with padding on the left, and the mask that tells it from them, both (sequences, longest)."""
    import torch

    longest = max(map(len, sequences))
    padding = [longest - len(ids) for ids in sequences]
    # Padding is masked, so that any token would do.
    ids = [[ids[0]] * pad + ids for pad, ids in zip(padding, sequences, strict=True)]
    mask = [[0] * pad + [1] * (longest - pad) for pad in padding]
    return torch.tensor(ids, device=model.device), torch.tensor(mask, device=model.device)


def positions(mask: torch.Tensor) -> torch.Tensor:
    """The position of each token in its own sequence; of padding the first, which no token sees."""
    return (mask.cumsum(-1) - 1).clamp(min=0)


def read(model: PreTrainedModel, prompts: Sequence[list[int]]) -> tuple[torch.Tensor, list[Prefix]]:
    """Read prompts, padded on the left.

    Returns:
        float32 logits after each, shape (prompts, vocabulary), and what rows are begun with.
    """
    from transformers import DynamicCache

    ids, mask = padded(model, prompts)
    cache = DynamicCache(config=model.config)
    logits = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions(mask),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    ).logits
    return logits[:, -1].float(), [Prefix(cache, row, len(prompt)) for row, prompt in enumerate(prompts)]


def rows_for(model: PreTrainedModel, rows: int, longest: int) -> Rows:
    """The kind of rows that a model allows.

    Args:
        model: a causal language model.
        rows: most rows at a time.
        longest: tokens of the longest row that may come, its prompt included.
    """
    return Slots(model, rows, longest) if attends(model, longest) else Lockstep(model, rows)


def attends(model: PreTrainedModel, longest: int) -> bool:
    """Whether every layer of a model attends to all positions of a row, and does so by a given mask.

    A sliding window that no row outgrows is no window. Other layers keep a state, which has no positions.
    """
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

    def whole(layer: Any) -> bool:
        if type(layer) is DynamicSlidingWindowLayer:
            return longest < layer.sliding_window
        return type(layer) is DynamicLayer

    return model._supports_attention_backend and all(map(whole, DynamicCache(config=model.config).layers))


class Slots:
    """Rows that each have a place in one cache, from its first position on, whenever they began.

    A row's keys and values are written where they stay: nothing is copied from step to step. A row that
    ends leaves a hole, into which the last row moves. A step reads the places in use, as far as the longest
    row reaches; a mask hides what is beyond a row's own end.
    """

    def __init__(self, model: PreTrainedModel, rows: int, longest: int) -> None:
        import torch

        self.model, self.rows, self.longest = model, rows, longest
        self.place = _Place()
        self.lengths = torch.zeros(rows, dtype=torch.long, device=model.device)
        self.cache: Any = None

    @property
    def room(self) -> int:
        """Rows that may be added now."""
        return self.rows - self.place.rows

    def together(self, lengths: Sequence[int], copies: int) -> int:
        """As many prompts as have READ_TOKENS, padding included, or one."""
        fitting = (
            count for count in range(1, len(lengths) + 1) if count * max(lengths[:count]) <= READ_TOKENS
        )
        return max(fitting, default=1)

    def add(self, prefixes: list[Prefix]) -> None:
        """Copy what was read, without padding, into the next free places."""
        if self.cache is None:
            self.cache = _slot_cache(prefixes[0].cache, self.rows, self.longest, self.place)
        for prefix in prefixes:
            end = self.place.rows
            for ours, theirs in _pairs(self.cache, prefix.cache):
                ours.keys[end, :, : prefix.length] = theirs.keys[prefix.row, :, -prefix.length :]
                ours.values[end, :, : prefix.length] = theirs.values[prefix.row, :, -prefix.length :]
            self.lengths[end] = prefix.length
            self.place.rows += 1

    def keep(self, going: list[int]) -> list[int]:
        """Move the last of the rows that go on into the places of those that ended."""
        count, stay = len(going), set(going)
        holes = [row for row in range(count) if row not in stay]
        moved = [row for row in going if row >= count]
        order = list(range(count))
        if moved:
            reach = int(self.lengths[moved].max())
            for layer in self.cache.layers:
                if layer.is_initialized:
                    layer.keys[holes, :, :reach] = layer.keys[moved, :, :reach]
                    layer.values[holes, :, :reach] = layer.values[moved, :, :reach]
            self.lengths[holes] = self.lengths[moved]
            for hole, row in zip(holes, moved, strict=True):
                order[hole] = row
        self.place.rows = count
        return order

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Add a token to each row, each at its own position."""
        import torch

        place, device = self.place, tokens.device
        place.positions = self.lengths[: place.rows].clone()
        place.index = torch.arange(place.rows, device=device)
        place.reach = int(place.positions.max()) + 1
        mask = torch.arange(place.reach, device=device) <= place.positions[:, None]
        logits = self.model(
            input_ids=tokens[:, None],
            attention_mask=mask[:, None, None],
            position_ids=place.positions[:, None],
            past_key_values=self.cache,
            use_cache=True,
        ).logits
        self.lengths[: place.rows] += 1
        return logits[:, -1].float()


class _Place:
    """Where a step writes and reads, shared by all layers.

    Attributes:
        rows: rows in use, the first of the cache.
        index, positions: where the step's token of each row goes.
        reach: positions that are read.
    """

    rows: int = 0
    index: torch.Tensor
    positions: torch.Tensor
    reach: int = 0


def _slot_cache(like: Any, rows: int, longest: int, place: _Place) -> Any:
    """A cache of places, with layers of the shapes that another one has.

    It starts with zeros: what a mask hides is multiplied by zero, and would not vanish were it not a number.
    """
    from transformers.cache_utils import Cache, DynamicLayer

    class Layer(DynamicLayer):
        def update(self, keys, values, *args, **kwargs):
            self.keys[place.index, :, place.positions] = keys[:, :, 0]
            self.values[place.index, :, place.positions] = values[:, :, 0]
            return self.keys[: place.rows, :, : place.reach], self.values[: place.rows, :, : place.reach]

        def get_seq_length(self):
            return place.reach - 1

    cache = Cache(layers=[Layer() for _ in like.layers])
    for ours, theirs in zip(cache.layers, like.layers, strict=True):
        if theirs.is_initialized:
            for name in ("keys", "values"):
                read = getattr(theirs, name)
                setattr(ours, name, read.new_zeros(rows, read.shape[1], longest, read.shape[3]))
            ours.is_initialized = True
    return cache


def _pairs(ours: Any, theirs: Any) -> list[tuple[Any, Any]]:
    """Layers of two caches, without those that keep nothing: some models share keys between layers."""
    return [pair for pair in zip(ours.layers, theirs.layers, strict=True) if pair[0].is_initialized]


class Lockstep:
    """Rows that begin together, in transformers' own cache, which knows every kind of layer.

    Prompts are padded on the left. Rows that end leave the batch; others are added when all have ended.
    """

    def __init__(self, model: PreTrainedModel, rows: int) -> None:
        self.model, self.rows = model, rows
        self.cache: Any = None

    @property
    def room(self) -> int:
        """All rows or none."""
        return 0 if self.cache else self.rows

    def together(self, lengths: Sequence[int], copies: int) -> int:
        """As many prompts as fill the rows."""
        return min(len(lengths), max(1, self.rows // copies))

    def add(self, prefixes: list[Prefix]) -> None:
        """Begin with rows of one cache; it is kept for those of its prompts that find no room yet."""
        import torch

        device, read = self.model.device, prefixes[0].cache
        longest = read.get_seq_length()
        chosen = torch.tensor([prefix.row for prefix in prefixes], device=device)
        self.cache = copy.deepcopy(read)
        self.cache.reorder_cache(chosen)
        self.positions = torch.tensor([prefix.length for prefix in prefixes], device=device)
        self.mask = (torch.arange(longest, device=device) >= longest - self.positions[:, None]).long()

    def keep(self, going: list[int]) -> list[int]:
        """Drop the other rows from the cache."""
        import torch

        if not going:
            self.cache = None
        elif len(going) < len(self.positions):
            kept = torch.tensor(going, device=self.model.device)
            self.cache.reorder_cache(kept)
            self.positions, self.mask = self.positions[kept], self.mask[kept]
        return going

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Add a token to each row, all at the end."""
        import torch

        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], 1)
        logits = self.model(
            input_ids=tokens[:, None],
            attention_mask=self.mask,
            position_ids=self.positions[:, None],
            past_key_values=self.cache,
            use_cache=True,
        ).logits
        self.positions = self.positions + 1
        return logits[:, -1].float()
