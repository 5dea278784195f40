"""Which modules of a model are adapted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.cli import UserError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# What architectures call the feed-forward block of a layer.
FEED_FORWARD = ("mlp", "feed_forward", "ffn")


def feed_forward(model: PreTrainedModel) -> dict[str, torch.nn.Module]:
    """The feed-forward block of each layer, by name, in order.

    Raises:
        UserError: the architecture has none under a known name.
    """
    found = {
        name: module
        for name, module in model.named_modules()
        if name.rsplit(".", 1)[-1] in FEED_FORWARD and not _in_feed_forward(name.rpartition(".")[0])
    }
    if not found:
        raise UserError(
            f"{type(model).__name__} has no feed-forward blocks named {', '.join(FEED_FORWARD)}; "
            "choose another method for this model"
        )
    return found


def chosen(model: PreTrainedModel, targets: str | list[str], key: str) -> dict[str, torch.nn.Module]:
    """The linear modules that ``targets`` names, by name, in order.

    Args:
        model: without adapters.
        targets: ``all-linear`` (all but the head), ``attention``, ``mlp``, or names, each the whole name
            of a module or its end.
        key: where the config has it, for messages.

    Raises:
        UserError: a name fits no linear module, or the architecture has none of that group.
    """
    known = _linear(model)
    if targets == "all-linear":
        found = known
    elif targets == "attention":
        found = {name: module for name, module in known.items() if _in_attention(name)}
    elif targets == "mlp":
        found = {name: module for name, module in known.items() if _in_feed_forward(name)}
    else:
        found = {
            name: module for name, module in known.items() if any(fits(name, target) for target in targets)
        }
    named = [targets] if isinstance(targets, str) else targets
    missing = [one for one in named if not found or not (one in GROUPS or any(fits(n, one) for n in found))]
    if missing:
        ends = sorted({name.rsplit(".", 1)[-1] for name in known})
        raise UserError(
            f"{key}.targets: {missing[0]!r} fits no linear module of {type(model).__name__}; "
            f"its modules are {', '.join(ends)}"
        )
    return found


def fits(name: str, target: str) -> bool:
    """Whether a target names a module, by its whole name or the end of it (PEFT's rule)."""
    return name == target or name.endswith(f".{target}")


def sizes(module: torch.nn.Module) -> tuple[int, int]:
    """Inputs and outputs of a linear module; GPT-2's keep their weight the other way round."""
    import torch

    if isinstance(module, torch.nn.Linear):
        return module.in_features, module.out_features
    return module.weight.shape[0], module.weight.shape[1]


GROUPS = ("all-linear", "attention", "mlp")


def _linear(model: PreTrainedModel) -> dict[str, torch.nn.Module]:
    import torch
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings()
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear | Conv1D) and module is not head
    }


def _in_attention(name: str) -> bool:
    return any("attn" in part or "attention" in part for part in name.split("."))


def _in_feed_forward(name: str) -> bool:
    return any(part in FEED_FORWARD for part in name.split("."))
