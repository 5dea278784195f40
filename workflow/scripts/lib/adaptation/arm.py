"""An arm of the sweep: a method with its settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arm:
    """How an adapter is trained: one arm of the sweep.

    Attributes:
        method: lora (Hu et al. 2022), rslora (Kalajdzievski 2023) or dora (Liu et al. 2024).
        rank: rank r of the update.
        alpha: the update is scaled by alpha / r, for rslora by alpha / sqrt(r).
        targets: adapted modules; ``all-linear`` is every linear layer but the head.
        learning_rate: peak of the schedule.
        warmup: steps of linear warm-up; a cosine to zero follows.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        scaling: the factor itself, as the config was expanded; recorded, not used.
        block: block of the config that the arm comes from; for messages.
    """

    method: str
    rank: int
    alpha: float
    targets: str | list[str]
    learning_rate: float
    warmup: int
    weight_decay: float
    clip: float
    scaling: float
    block: str

    @property
    def key(self) -> str:
        """Where the config has it, for messages."""
        return f"lora.arms.{self.block}"
