"""What is saved of an adapter: a folder of two files, whatever the method; or why there is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

SETTINGS, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def write(folder: Path, settings: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    """Write settings and weights.

    Args:
        folder: made where it is missing.
        settings: with ``method``, by which :mod:`lib.adaptation.reading` knows what it reads; PEFT's own
            settings have a ``peft_type`` instead.
        tensors: weights by name.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS).write_text(json.dumps(settings, indent=2, sort_keys=True), encoding="utf-8")
    save_file(
        {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}, folder / WEIGHTS
    )


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an adapter."""
    return json.loads((folder / SETTINGS).read_text(encoding="utf-8"))


def merges(folder: Path) -> bool:
    """Whether an adapter becomes part of the weights: all do but bottlenecks, which are not linear."""
    return settings(folder).get("method") != "bottleneck"


def write_failure(folder: Path, method: str, status: str, reason: str) -> None:
    """Record that a training came to no adapter, and why."""
    write(folder, {"method": method, "status": status, "reason": reason}, {})


def failure(folder: Path) -> tuple[str, str] | None:
    """Status and reason of a training that came to no adapter; None where there is one."""
    said = settings(folder)
    return (said["status"], said["reason"]) if "status" in said else None


def left_out(folder: Path | None, what: str) -> bool:
    """Whether there is no adapter since its training failed, which is then said: the rest of a grid goes on.

    Args:
        folder: of the adapter; None for a model without one.
        what: is not done with it, like ``decoded``.
    """
    if why := failure(folder) if folder else None:
        print(f"warning: {folder}: nothing is {what}, {': '.join(why)}", file=sys.stderr)
    return why is not None


def copy_into(model: PreTrainedModel, part: str, folder: Path) -> None:
    """Give the parameters of a model whose names hold ``part`` the values of a folder.

    Raises:
        KeyError: the folder lacks one.
    """
    import torch
    from safetensors.torch import load_file

    tensors = load_file(folder / WEIGHTS)
    with torch.no_grad():
        for name, weight in model.named_parameters():  # tied weights once, as they are saved
            if part in name:
                weight.copy_(tensors[name])
