"""An arm of the sweep: a method with its settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Arm:
    """How a model is adapted: one arm of the sweep.

    Attributes:
        method: a name in :data:`lib.adaptation.methods.METHODS`.
        learning_rate: peak of the schedule; ``tuned`` until :func:`lib.tuning.tuned` has put in what it is,
            which is None where the tuning failed.
        warmup: steps of linear warm-up; a cosine to zero follows.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        block: block of the config that the arm comes from; for messages.
        rank: rank r of the update, or width of the bottleneck; None where the method has none, and
            before the rank of an arm that matches another one is found.
        alpha: numerator of the factor on the update; None where the method has no factor.
        alpha_per_rank: in place of ``alpha``, which is then so many times the rank.
        targets: adapted modules, see :func:`lib.adaptation.targets.chosen`.
        links: low-rank updates that follow one another, of rac.
        match: method, rank and targets of the arm whose number of parameters this one is to have.
        section: of the config, for messages.
    """

    method: str
    learning_rate: float
    warmup: int
    weight_decay: float
    clip: float
    block: str
    rank: int | None = None
    alpha: float | None = None
    alpha_per_rank: float | None = None
    targets: str | list[str] | None = None
    links: int = 1
    match: dict[str, Any] | None = None
    section: str = "lora"

    @property
    def key(self) -> str:
        """Where the config has it, for messages."""
        return f"{self.section}.arms.{self.block}"

    @property
    def numerator(self) -> float | None:
        """What the scale rule divides: alpha itself, or ``alpha_per_rank`` times the rank."""
        if self.alpha_per_rank is None or self.rank is None:
            return self.alpha
        return self.alpha_per_rank * self.rank

    @property
    def scaling(self) -> float | None:
        """The factor on the update; None where the method, or a rank that is not found yet, has none.

        It is alpha / r (Hu et al. 2022), and alpha / sqrt(r) for rslora (Kalajdzievski 2023).
        """
        if self.rank is None or self.numerator is None:
            return None
        return self.numerator / (math.sqrt(self.rank) if self.method == "rslora" else self.rank)
