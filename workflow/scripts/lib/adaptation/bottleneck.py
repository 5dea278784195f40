"""Bottleneck adapters: a narrow network with a residual connection after each feed-forward block."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedModel

from lib.adaptation import saved
from lib.adaptation.arm import Arm
from lib.adaptation.method import Method
from lib.adaptation.targets import feed_forward
from lib.seeds import derive

STACK = "adapters"  # name of the adapters in a feed-forward block, the lowest first


class Adapter(nn.Module):
    """h + U relu(D h + d) + u, in float32; U and u start at zero, so that a fresh one changes nothing."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.down = nn.Linear(hidden, width)
        self.up = nn.Linear(width, hidden)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Hidden states of any shape (..., hidden), in their own type."""
        read = hidden.to(self.down.weight.dtype)
        return (read + self.up(torch.relu(self.down(read)))).to(hidden.dtype)


def put(model: PreTrainedModel, width: int) -> None:
    """Put an adapter after each feed-forward block, above those that are there; weights are drawn."""
    for block in feed_forward(model).values():
        adapter = Adapter(model.config.get_text_config().hidden_size, width).to(model.device)
        if not hasattr(block, STACK):
            block.register_module(STACK, nn.ModuleList())
            block.register_forward_hook(_through)
        getattr(block, STACK).append(adapter)


def _through(block: nn.Module, inputs: tuple, hidden: torch.Tensor) -> torch.Tensor:
    for adapter in getattr(block, STACK):
        hidden = adapter(hidden)
    return hidden


def read(model: PreTrainedModel, path: Path) -> PreTrainedModel:
    """Put the adapters of a folder on a model."""
    for width in saved.settings(path)["widths"]:
        put(model, width)
    saved.copy_into(model, f".{STACK}.", path)
    return model


class Bottleneck(Method):
    """The adapter of Houlsby et al. 2019, once a layer as in Pfeiffer et al. 2021.

    It reads what the feed-forward block gives, before it is added to the residual stream. Where the model
    has adapters already they stay below, frozen: a task adapter on a language adapter (MAD-X, Pfeiffer et
    al. 2020). A folder holds the whole stack.
    """

    def attach(self, model: PreTrainedModel, arm: Arm, seed: int, start: Path | None) -> PreTrainedModel:
        """See :meth:`lib.adaptation.method.Method.attach`."""
        model.requires_grad_(False)
        if start:
            read(model, start)
            model.requires_grad_(False)
            for block in feed_forward(model).values():
                getattr(block, STACK)[-1].requires_grad_(True)
            return model
        torch.manual_seed(derive(seed, "initialisation"))
        put(model, arm.rank)
        return model

    def parameters(self, model: PreTrainedModel, arm: Arm) -> int:
        """2 hidden x width + width + hidden of each layer."""
        hidden = model.config.get_text_config().hidden_size
        return len(feed_forward(model)) * (2 * hidden * arm.rank + arm.rank + hidden)

    def state(self, network: PreTrainedModel) -> dict[str, torch.Tensor]:
        """All adapters of the stack."""
        return {name: tensor for name, tensor in network.named_parameters() if f".{STACK}." in name}

    def save(self, network: PreTrainedModel, folder: Path) -> None:
        """Write widths and weights."""
        stack = getattr(next(iter(feed_forward(network).values())), STACK)
        widths = [adapter.down.out_features for adapter in stack]
        saved.write(folder, {"method": "bottleneck", "widths": widths}, self.state(network))
