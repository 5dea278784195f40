"""Attention of rows that share a sequence, each in a line of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lib.models.lm import attention_layers

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

NAME = "side_by_side"  # under which transformers finds the attention
WINDOWS = ("sliding_window", "attention_chunk_size")  # where a configuration says how far a layer looks


def share_sequences(model: PreTrainedModel, tokens: int) -> int:
    """Have a model attend within each row, and say how many tokens may share a sequence: at most those given.

    Convolutions and recurrences run on into the next row, and some old models have an attention of
    their own: there rows stand alone, and the answer is 1. Rows that share a sequence are shorter than
    any window of the model.
    """
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    config = model.config.get_text_config()
    attends = len(attention_layers(model)) == config.num_hidden_layers
    if not (attends and model._supports_attention_backend):
        return 1
    AttentionInterface.register(NAME, side_by_side)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
    windows = (getattr(config, name, None) for name in WINDOWS)
    return min([tokens, *filter(None, windows)])


def side_by_side(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Attention of rows that share a sequence: each is put in a line of its own, and attends to itself.

    Everything else in a model works token by token and reads the sequence as it is. This is an attention
    function of transformers, for batches of :func:`lib.packing.pack`, whose places take the way of the
    mask; with any other mask it is torch's own attention.

    Args:
        module: the attention layer.
        query: shape (1, heads, T, width), like key and value.
        key: see query; may have fewer heads.
        value: see key.
        attention_mask: the places of the rows' tokens, shape (1, 1, rows, longest); or a mask.
        options: of the model.

    Returns:
        what the heads read, shape (1, T, heads, width), and no weights.
    """
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward as attend

    if attention_mask is None or attention_mask.dtype != torch.long:
        return attend(module, query, key, value, attention_mask, **options)
    rows, longest = attention_mask.shape[-2:]
    tokens = query.shape[2]
    cells = attention_mask.flatten()
    # Lines end in padding, which no token before it sees. The gradient of a lookup is a sum in fixed order.
    lookup = cells % tokens

    def lines(states: torch.Tensor) -> torch.Tensor:
        _, heads, _, width = states.shape
        flat = states.transpose(1, 2).reshape(tokens, heads * width)
        found = torch.nn.functional.embedding(lookup, flat)
        return found.view(rows, longest, heads, width).transpose(1, 2)

    options["is_causal"] = True
    read, weights = attend(module, lines(query), lines(key), lines(value), None, **options)
    _, _, heads, width = read.shape
    numbers = torch.arange(len(cells), device=cells.device)
    cell_of = cells.new_zeros(tokens + 1).scatter_(0, cells.clamp(max=tokens), numbers)
    together = torch.nn.functional.embedding(cell_of[:tokens], read.reshape(-1, heads * width))
    return together.view(1, tokens, heads, width), weights
