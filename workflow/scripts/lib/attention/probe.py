"""Measuring attention inside a model of transformers, whatever its architecture."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from lib.attention.reach import Rule, Sums, reach_sums
from lib.attention.windows import Windows
from lib.cli import UserError
from lib.models.lm import attention_layers

NAME = "tok2cot_reach"
BATCH_TOKENS = 2048  # tokens that go through the model at a time

# What some architectures do to the scores beside scaling and masking: the sums here would miss it.
UNSUPPORTED = {
    "softcap": "caps its attention scores",
    "s_aux": "has learned attention sinks",
    "sinks": "has learned attention sinks",
    "position_bias": "adds a position bias to its attention scores",
    "indices": "attends to selected keys only",
    "block_indices": "attends to selected keys only",
}


class Probe:
    """An attention function that measures reach and leaves the model's output as it is."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.starts: torch.Tensor
        self.layers: dict[int, Sums] = {}

    def __call__(
        self,
        module: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        dropout: float = 0.0,
        scaling: float | None = None,
        is_causal: bool | None = None,
        **extra: object,
    ) -> tuple[torch.Tensor, None]:
        """See transformers' attention interface: the same arguments and results."""
        for name, what in UNSUPPORTED.items():
            if extra.get(name) is not None:
                raise UserError(f"attention: this model {what}, which reach does not support; leave it out")
        causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
        additive = attention_mask is not None and attention_mask.dtype != torch.bool
        if query.shape[2] != key.shape[2] or not causal or additive or module.layer_idx in self.layers:
            raise UserError(
                "attention: reach is for one causal self-attention per layer with nothing added to its "
                "scores, and this model has another kind; leave it out"
            )
        self.layers[module.layer_idx] = reach_sums(
            query,
            key,
            attention_mask,
            query.shape[-1] ** -0.5 if scaling is None else scaling,
            self.starts,
            self.rule,
        )
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal, **extra
        )


@torch.inference_mode()
def measure(
    model: PreTrainedModel,
    windows: Windows,
    rule: Rule,
    advance: Callable[[int], None] = lambda done: None,
) -> dict[int, dict[str, np.ndarray]]:
    """Sums of attention per layer, window and head; see :class:`lib.attention.reach.Sums`.

    Args:
        model: a causal language model, in evaluation mode.
        windows: what it reads.
        rule: which queries and keys count.
        advance: called with the number of windows after each batch.

    Returns:
        For each layer that attends the fields of ``Sums`` over all windows.

    Raises:
        UserError: the model's attention cannot be measured.
    """
    probe = Probe(rule)
    AttentionInterface.register(NAME, probe)
    # Without a mask function of the same name there would be no masks, not even sliding windows.
    AttentionMaskInterface.register(NAME, sdpa_mask)
    before = model.config._attn_implementation
    model.set_attn_implementation(NAME)
    try:
        batches = list(_batches(model, probe, windows, advance))
    finally:
        model.set_attn_implementation(before)
    return {
        layer: {
            name: torch.cat([getattr(batch[layer], name) for batch in batches]).cpu().numpy()
            for name in Sums._fields
        }
        for layer in batches[0]
    }


def _batches(
    model: PreTrainedModel, probe: Probe, windows: Windows, advance: Callable[[int], None]
) -> Iterator[dict[int, Sums]]:
    """Run the model over the windows, a batch at a time; the sums of each batch by layer."""
    expected = attention_layers(model)
    size = max(1, BATCH_TOKENS // windows.ids.shape[1])
    for first in range(0, len(windows.ids), size):
        ids = torch.from_numpy(windows.ids[first : first + size]).to(model.device)
        probe.starts = torch.from_numpy(windows.starts[first : first + size]).to(model.device)
        probe.layers = {}
        model.base_model(input_ids=ids, use_cache=False)  # the language-model head is not needed
        if sorted(probe.layers) != expected:
            raise UserError(
                f"attention: reach saw {len(probe.layers)} of {len(expected)} attention layers of "
                f"{type(model).__name__}; only models whose attention goes through transformers' "
                "AttentionInterface can be measured, leave this one out"
            )
        yield probe.layers
        advance(len(ids))
