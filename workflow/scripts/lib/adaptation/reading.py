"""Adapters put on a model again, to be read: merged where that is exact, else beside its weights."""

from __future__ import annotations

from pathlib import Path

from peft import PeftModel
from transformers import PreTrainedModel

from lib.adaptation import bottleneck, full, saved
from lib.cli import UserError


def adapted(model: PreTrainedModel, path: Path) -> PreTrainedModel:
    """A model with the adapter of a folder.

    Args:
        model: changed in place; in float32 where the adapter merges, so that the sum is rounded once.
        path: adapter folder, of any method.

    Raises:
        UserError: the folder records a training that failed.
    """
    if why := saved.failure(path):
        raise UserError(f"{path}: there is no adapter, its training ended as {': '.join(why)}")
    match saved.settings(path).get("method"):
        case "bottleneck":
            return bottleneck.read(model, path)
        case "full":
            return full.read(model, path)
        case _:
            return PeftModel.from_pretrained(model, path).merge_and_unload()
