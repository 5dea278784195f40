"""The matrices of a model that adapters change: those of its linear modules, without the head."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lib.adaptation.targets import chosen

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class Place(NamedTuple):
    """Where a module stands: its layer, from 0, if it is in one, and its name there, like q_proj."""

    layer: int | None
    kind: str


def linear(model: PreTrainedModel) -> dict[str, torch.nn.Module]:
    """The modules by name, in the model's order."""
    return chosen(model, "all-linear", "models")


def place(name: str) -> Place:
    """Layer and kind of a module, from its name: layers are what is numbered first."""
    number = re.search(r"\.(\d+)\.", name)
    return Place(int(number[1]) if number else None, name.rsplit(".", 1)[-1])
