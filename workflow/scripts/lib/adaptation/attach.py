"""Adapters on a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lib.adaptation.arm import Arm
from lib.seeds import derive

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def add_adapter(model: PreTrainedModel, arm: Arm, seed: int, start: Path | None) -> PeftModel:
    """Put a fresh adapter on the model, or go on from a trained one.

    The seed is set here, just before the weights are drawn: set earlier, whatever else draws
    numbers would decide the initialisation.
    """
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model

    if start:
        return PeftModel.from_pretrained(model, start, is_trainable=True)
    torch.manual_seed(derive(seed, "initialisation"))
    settings = LoraConfig(
        r=arm.rank,
        lora_alpha=arm.alpha,
        target_modules=arm.targets,
        use_rslora=arm.method == "rslora",
        use_dora=arm.method == "dora",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, settings)
