"""One training: what it reads step by step, what it trains, how far it has come."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lib.adaptation.method import Chain
from lib.cli import UserError
from lib.packing import Row
from lib.seeds import derive

if TYPE_CHECKING:
    import torch


class Recipe(Protocol):
    """What the loop needs to know of an arm, whatever the arm trains."""

    @property
    def key(self) -> str:
        """Where the config has it, for messages."""

    @property
    def learning_rate(self) -> float:
        """Peak of the schedule."""

    @property
    def warmup(self) -> int:
        """Steps of linear warm-up; a cosine to zero follows."""

    @property
    def weight_decay(self) -> float:
        """Of AdamW."""

    @property
    def clip(self) -> float:
        """Largest norm of the gradient."""

    @property
    def links(self) -> int:
        """Links of a chain, see :class:`lib.adaptation.method.Chain`; 1 for what is trained in one go."""


@dataclass(frozen=True)
class Budget:
    """How long is trained: optimizer steps of so many target tokens, or bytes of text, or else rows."""

    steps: int
    rows: int | None = None
    bytes: int | None = None
    target_tokens: int | None = None

    @property
    def size(self) -> int:
        """What a step reads, in the unit of :meth:`of`."""
        return self.target_tokens or self.bytes or self.rows

    def of(self, row: Row) -> int:
        """What a row counts."""
        if self.target_tokens:
            return len(row.target)
        return row.bytes if self.bytes else 1


class Diverged(UserError):
    """The loss or its gradient is no longer a number; ``steps`` are those before."""

    def __init__(self, message: str, steps: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.steps = steps


def link_steps(arm: Recipe, budget: Budget) -> int:
    """Steps of a link; the last link may have fewer."""
    return -(-budget.steps // arm.links)


def learning_rate(arm: Recipe, budget: Budget, step: int) -> float:
    """Learning rate of a step, counted from 0: linear warm-up, then a cosine to zero.

    In a chain the warm-up is repeated at the start of each link, up to that cosine (as in ReLoRA, Lialin et
    al. 2024): there the moments of the optimizer are new.
    """
    length = link_steps(arm, budget)
    warmup = min(arm.warmup, length)
    rate = arm.learning_rate
    if step >= warmup:
        rate *= 0.5 * (1 + math.cos(math.pi * (step - warmup) / (budget.steps - warmup)))
    begun = step % length
    return rate * (begun + 1) / warmup if begun < warmup else rate


def order(rows: Sequence[Row], seed: int, budget: Budget) -> Iterator[list[int]]:
    """The rows of each step: shuffled passes over all of them, drawn from the seed alone.

    The stream depends on neither the model nor the initialisation, so that a resumed run finds its
    place by counting. Where steps are counted in bytes or tokens, one ends with the row that completes those
    of all steps so far, so that no step's excess adds up; those of a step are at least those of a row.
    """
    stream, read = _passes(len(rows), seed), 0
    for step in range(budget.steps):
        chosen = []
        while read < (step + 1) * budget.size:
            chosen.append(next(stream))
            read += budget.of(rows[chosen[-1]])
        yield chosen


def _passes(items: int, seed: int) -> Iterator[int]:
    """Shuffled passes over so many items, without end."""
    import numpy as np

    for number in itertools.count():
        yield from np.random.default_rng(derive(seed, "order", number)).permutation(items).tolist()


class Run:
    """A training in progress; several may share a model, each with weights of its own.

    What is trained, its gradients and AdamW's moments are float32.

    Args:
        arm: how.
        rows: tokenized examples.
        budget: how long.
        seed: decides the order of the rows.
        weights: what is trained, by name.
        adapter: PEFT's name of the adapter that reads the rows, where several share a model; else all
            that is active reads them.
        chain: the links of what is trained, each of which has an optimizer of its own.

    Attributes:
        steps: what each step measured.
        failed: why it ended early, if it did.
    """

    def __init__(
        self,
        arm: Recipe,
        rows: Sequence[Row],
        budget: Budget,
        seed: int,
        weights: dict[str, torch.nn.Parameter],
        adapter: str | None = None,
        chain: Chain | None = None,
    ) -> None:
        self.arm, self.rows, self.budget, self.adapter, self.chain = arm, rows, budget, adapter, chain
        self.weights = weights
        self.kept = weights | (chain.weights() if chain else {})
        self.steps: list[dict[str, Any]] = []
        self.failed: Diverged | None = None
        self.order = list(order(rows, seed, budget))
        self.optimizer = self._new_optimizer()

    def _new_optimizer(self) -> torch.optim.Optimizer:
        import torch

        rate, decay = self.arm.learning_rate, self.arm.weight_decay
        return torch.optim.AdamW(self.weights.values(), lr=rate, weight_decay=decay, fused=True)

    def goes_on(self, until: int) -> bool:
        """Whether there is another step to do, of so many at most."""
        return self.failed is None and len(self.steps) < min(until, self.budget.steps)

    def begin(self) -> list[Row]:
        """Start the next step: the rows that it reads."""
        step, length = len(self.steps), link_steps(self.arm, self.budget)
        if self.chain and step % length == 0:
            self.chain.renew(step // length)
            self.optimizer = self._new_optimizer()
        self.optimizer.zero_grad(set_to_none=True)
        return self.read(step)

    def read(self, step: int) -> list[Row]:
        """The rows of a step, counted from 0."""
        return [self.rows[index] for index in self.order[step]]

    def end(self, read: Sequence[Row], loss: float) -> dict[str, Any]:
        """End the step by the gradients that it came to: what it measured, but for its time.

        Raises:
            Diverged: the loss or its gradient is no longer a number; nothing of the step is kept.
        """
        import torch

        step, length, arm = len(self.steps), link_steps(self.arm, self.budget), self.arm
        norm = torch.nn.utils.clip_grad_norm_(self.weights.values(), arm.clip).item()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise Diverged(
                f"{arm.key}: at step {step + 1} the loss is {loss} and the norm of its gradient "
                f"{norm}; lower {arm.key}.learning_rate",
                self.steps,
            )
        rate = learning_rate(arm, self.budget, step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        if self.chain and ((step + 1) % length == 0 or step + 1 == self.budget.steps):
            self.chain.fold(step // length)
        return {
            "step": step + 1,
            "loss": loss,
            "learning_rate": rate,
            "tokens": sum(row.tokens for row in read),
            "target_tokens": sum(len(row.target) for row in read),
            "gradient_norm": norm,
        }

    def state(self) -> dict[str, Any]:
        """All that a resumed run needs to end with the same bits."""
        failed = self.failed and str(self.failed)
        optimizer = self.optimizer.state_dict()
        return {"weights": self.kept, "optimizer": optimizer, "steps": self.steps, "failed": failed}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        import torch

        with torch.no_grad():
            for name, weight in self.kept.items():
                weight.copy_(state["weights"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]
        self.failed = Diverged(state["failed"], self.steps) if state["failed"] else None

    @property
    def gradient_bytes(self) -> int:
        """Bytes of the gradients."""
        return sum(weight.numel() * weight.element_size() for weight in self.weights.values())

    @property
    def optimizer_bytes(self) -> int:
        """Bytes of the optimizer's state."""
        tensors = (value for moments in self.optimizer.state.values() for value in moments.values())
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
