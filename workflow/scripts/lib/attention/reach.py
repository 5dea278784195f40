"""Attention reach: how far back a head looks, from queries and keys, without a T x T matrix.

With p_ij the attention of query i to key j and d_ij the distance from j to i, in tokens or in
characters, the reach of a head over a set of windows is

    reach = sum_ij p_ij d_ij / sum_ij p_ij

a ratio of sums over all windows and queries (Vig & Belinkov 2019, eq. 6, "Analyzing the Structure
of Attention in a Transformer Language Model"). Queries before ``first_query`` are left out, because
they have nowhere far to look.

Sinks, the keys where heads park attention that they have no use for, are left out too, and their
mass is reported apart. Vig & Belinkov leave out the first key. More than one key at the start can
serve so (Xiao et al. 2023, "Efficient Streaming Language Models with Attention Sinks"), and so can
a common token anywhere (Sun et al. 2024, "Massive Activations in Large Language Models"; Gu et al.
2024, "When Attention Sink Emerges in Language Models"): in some layers of SmolLM2 the first " the"
of a window takes half of all attention, which would more than double the reach. So a key is a sink
if it is one of the first ``sinks``, or if it takes more than ``sink_threshold`` of the attention of
its layer: mean over all heads and queries of the window, so that no single head decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

BLOCK_ELEMENTS = 2**20  # attention weights held at a time: 4 MB in float32, whatever T is


class Sums(NamedTuple):
    """What one layer did, summed over the queries of each window; W windows, H query heads; float64.

    Attributes:
        sink: attention on sinks, shape (W, H).
        mass: attention on all other keys, shape (W, H).
        token, char: attention on all other keys times their distance, shape (W, H).
        null_token, null_char: mean over the queries of the mean distance of the other keys that a
            query may attend to, which is the reach of attention spread evenly, shape (W,).
        sink_keys: how many keys are sinks, shape (W,).
    """

    sink: torch.Tensor
    mass: torch.Tensor
    token: torch.Tensor
    char: torch.Tensor
    null_token: torch.Tensor
    null_char: torch.Tensor
    sink_keys: torch.Tensor


class Rule(NamedTuple):
    """What counts: queries from ``first_query`` on, and all keys but the sinks."""

    first_query: int
    sinks: int
    sink_threshold: float


def reach_sums(
    query: torch.Tensor,
    key: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float,
    starts: torch.Tensor,
    rule: Rule,
) -> Sums:
    """The sums that reach and sink share are made of, for one layer.

    Attention is recomputed from queries and keys in float32, a block of queries at a time, so
    that memory does not grow with the square of T; twice, because the sinks must be known first.
    Distances are weighted one by one: the difference of two mean positions would cancel.

    Args:
        query: after rotary embedding and norms, shape (W, H, T, D).
        key: as the model attends to it, shape (W, H / groups, T, D).
        mask: what may be attended to, boolean, shape (W or 1, 1, T, T); none for plain causal.
        scaling: factor of the scores.
        starts: character at which each token starts, shape (W, T).
        rule: what counts.
    """
    windows, heads, length, _ = query.shape
    position = torch.arange(length, device=query.device)

    received = query.new_zeros((windows, length), dtype=torch.float64)
    for _, _, weight in _blocks(query, key, mask, scaling, rule.first_query):
        received[:, : weight.shape[-1]] += weight.mean(1).sum(1, dtype=torch.float64)
    sink = received > rule.sink_threshold * (length - rule.first_query)
    sink[:, : rule.sinks] = True

    sums = query.new_zeros((4, windows, heads), dtype=torch.float64)
    null = query.new_zeros((3, windows), dtype=torch.float64)
    for rows, allowed, weight in _blocks(query, key, mask, scaling, rule.first_query):
        keys = weight.shape[-1]
        distances = (
            (rows[:, None] - position[:keys]).float().expand(windows, -1, -1),
            (starts[:, rows, None] - starts[:, None, :keys]).float(),
        )
        others = weight.masked_fill(sink[:, None, None, :keys], 0)
        parts = [weight - others, others, *(others * distance[:, None] for distance in distances)]
        sums += torch.stack([part.sum(-1).sum(-1, dtype=torch.float64) for part in parts])
        counted = allowed & ~sink[:, None, :keys]
        keys_left = counted.sum(-1)  # of a query; a narrow attention window may hold only sinks
        for kind, distance in enumerate(distances):
            null[kind] += ((counted * distance).sum(-1).double() / keys_left.clamp(min=1)).sum(-1)
        null[2] += (keys_left > 0).sum(-1)
    return Sums(*sums, *(null[:2] / null[2]), sink.sum(-1).double())


def _blocks(
    query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor | None, scaling: float, first_query: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Attention of a block of queries: their positions, what they may attend to, and their weights.

    Keys end with the last query of the block. Shapes (Q,), (W or 1, Q, keys) and (W, H, Q, keys).
    """
    windows, heads, length, _ = query.shape
    # Query heads that share a key head are neighbours: (W, key heads, groups, T, D).
    query = query.float().unflatten(1, (key.shape[1], -1))
    key = key.float().unsqueeze(2).transpose(-1, -2)
    position = torch.arange(length, device=query.device)
    size = max(1, BLOCK_ELEMENTS // (windows * heads * length))
    for begin in range(first_query, length, size):
        rows = position[begin : begin + size]
        keys = begin + len(rows)
        allowed = (rows[:, None] >= position[:keys])[None]
        if mask is not None:
            allowed = allowed & mask[:, 0, begin : begin + size, :keys]
        scores = query[:, :, :, begin : begin + size] @ key[..., :keys] * scaling
        scores.masked_fill_(~allowed[:, None, None], float("-inf"))
        yield rows, allowed, scores.softmax(-1).flatten(1, 2)
