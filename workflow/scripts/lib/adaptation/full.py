"""Full fine-tuning: all weights of the model."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import PreTrainedModel

from lib.adaptation import saved
from lib.adaptation.arm import Arm
from lib.adaptation.method import Method


def read(model: PreTrainedModel, path: Path) -> PreTrainedModel:
    """Give a model the weights of a folder."""
    saved.copy_into(model, "", path)
    return model


class Full(Method):
    """All weights, which train in float32 and are saved as they are: four bytes a parameter, no delta."""

    whole = True

    def attach(self, model: PreTrainedModel, arm: Arm, seed: int, start: Path | None) -> PreTrainedModel:
        """See :meth:`lib.adaptation.method.Method.attach`; nothing is drawn."""
        model.float().requires_grad_(True)
        return read(model, start) if start else model

    def parameters(self, model: PreTrainedModel, arm: Arm) -> int:
        """All of the model; tied weights once."""
        return sum(weight.numel() for weight in model.parameters())

    def state(self, network: PreTrainedModel) -> dict[str, torch.Tensor]:
        """All weights; tied ones once."""
        return dict(network.named_parameters())

    def save(self, network: PreTrainedModel, path: Path) -> None:
        """Write all weights."""
        saved.write(path, {"method": "full"}, self.state(network))
