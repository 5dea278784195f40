"""The training loop: of what a model has to train, resumable, equal to itself after a kill."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lib.cli import UserError
from lib.models.lm import shares_sequences
from lib.packing import Row, chunks, pack, target_loss
from lib.seeds import derive

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel

# Tokens that go through the model at once: activations need memory in proportion, the gradient of a
# step is the sum over its parts. Parts of twice the size were a tenth faster and took a quarter more memory.
CHUNK_TOKENS = 128


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


@dataclass(frozen=True)
class Budget:
    """How long is trained: optimizer steps of so many rows."""

    steps: int
    rows: int


def learning_rate(arm: Recipe, budget: Budget, step: int) -> float:
    """Learning rate of a step, counted from 0: linear warm-up, then a cosine to zero."""
    warmup = min(arm.warmup, budget.steps)
    if step < warmup:
        return arm.learning_rate * (step + 1) / warmup
    return arm.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (budget.steps - warmup)))


def order(items: int, seed: int, budget: Budget) -> Iterator[list[int]]:
    """The rows of each step: shuffled passes over the items, drawn from the seed alone.

    The stream depends on neither the model nor the initialisation, so that a resumed run finds its
    place by counting.
    """
    import numpy as np

    waiting: list[int] = []
    passes = 0
    for _ in range(budget.steps):
        while len(waiting) < budget.rows:
            rng = np.random.default_rng(derive(seed, "order", passes))
            waiting.extend(rng.permutation(items).tolist())
            passes += 1
        yield waiting[: budget.rows]
        waiting = waiting[budget.rows :]


def digest(tensors: Sequence[torch.Tensor]) -> str:
    """SHA-256 of tensors, in order."""
    state = hashlib.sha256()
    for tensor in tensors:
        state.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return state.hexdigest()


class Checkpoint:
    """The state of an unfinished run, beside its outputs: what a killed run goes on from.

    Written to a temporary name of this process and renamed, so that it is always whole. ``identity``
    says which run it belongs to; a checkpoint of other settings or other data is ignored.
    """

    def __init__(self, path: Path, identity: str, every: int) -> None:
        self.path, self.identity, self.every = path, identity, every

    def restore(self) -> dict[str, Any] | None:
        """The last saved state of this very run, or none."""
        import torch

        if not self.path.is_file():
            return None
        # A GPU may have written it, and whoever reads it need not have one.
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        return state if state["identity"] == self.identity else None

    def save(self, **state: Any) -> None:
        """Replace the saved state."""
        import torch

        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        torch.save({"identity": self.identity, **state}, partial)
        os.replace(partial, self.path)

    def remove(self) -> None:
        """Forget the state: the run is finished. Runs that were killed while saving leave nothing either."""
        for path in (self.path, *self.path.parent.glob(f".{self.path.name}.*.partial")):
            path.unlink(missing_ok=True)


@dataclass
class Trained:
    """What a training run measured."""

    steps: list[dict[str, Any]]
    seconds: float
    cpu_seconds: float
    gradient_bytes: int
    optimizer_bytes: int


def train(
    model: PreTrainedModel | PeftModel,
    rows: Sequence[Row],
    arm: Recipe,
    budget: Budget,
    seed: int,
    checkpoint: Checkpoint,
    report: Any,
    chunk_tokens: int | None = None,
    mixed: bool = False,
) -> Trained:
    """Train in place the weights that require gradients.

    The others stay frozen in the type they were loaded in; what is trained, its gradients and AdamW's
    moments are float32. On a CPU with a fixed number of threads, a run that was killed and resumed
    ends with the same bits as one that was not.

    Args:
        model: a model, or one with its adapter, see :func:`lib.adaptation.attach.add_adapter`.
        rows: tokenized examples.
        arm: how.
        budget: how long.
        seed: decides the order of the rows.
        checkpoint: where to go on from, and how often to save.
        report: called after each step with the number of steps and a note, for progress.
        chunk_tokens: tokens that go through the model at once; CHUNK_TOKENS when left out.
        mixed: multiply in bfloat16 (Micikevicius et al. 2018), whatever the type of the weights.

    Raises:
        UserError: the loss or its gradient is no longer a number; nothing of that step is kept.
    """
    import torch

    named = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    weights = list(named.values())
    optimizer = torch.optim.AdamW(weights, lr=arm.learning_rate, weight_decay=arm.weight_decay)
    # As in decoding: what training mode adds to a base model is noise, like GPT-2's dropout, drawn from
    # numbers that no checkpoint holds. The adapter has none, and gradients flow all the same.
    causal = getattr(model, "get_base_model", lambda: model)().eval()
    size = (chunk_tokens or CHUNK_TOKENS) if shares_sequences(causal) else 1
    steps: list[dict[str, Any]] = []
    cpu_before = 0.0
    if state := checkpoint.restore():
        with torch.no_grad():
            for name, weight in named.items():
                weight.copy_(state["weights"][name])
        optimizer.load_state_dict(state["optimizer"])
        steps, cpu_before = state["steps"], state["cpu_seconds"]
        report(len(steps), "resumed from a checkpoint")
    cpu_start = time.process_time() - cpu_before
    for step, chosen in enumerate(order(len(rows), seed, budget)):
        if step < len(steps):
            continue
        begun = time.perf_counter()
        rate = learning_rate(arm, budget, step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        read = [rows[index] for index in chosen]
        targets = sum(len(row.target) for row in read)
        loss = 0.0
        for part in chunks(read, size):
            with torch.autocast(causal.device.type, torch.bfloat16, enabled=mixed):
                partial = target_loss(causal, pack(part).to(causal.device)) / targets
            partial.backward()
            loss += partial.item()
        norm = torch.nn.utils.clip_grad_norm_(weights, arm.clip).item()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise UserError(
                f"{arm.key}: at step {step + 1} the loss is {loss} and the norm of its gradient "
                f"{norm}; lower {arm.key}.learning_rate"
            )
        optimizer.step()
        steps.append(
            {
                "step": step + 1,
                "loss": loss,
                "learning_rate": rate,
                "tokens": sum(len(row.prompt) for row in read) + targets,
                "target_tokens": targets,
                "gradient_norm": norm,
                "seconds": time.perf_counter() - begun,
            }
        )
        report(1, f"loss {steps[-1]['loss']:.3f}")
        if (step + 1) % checkpoint.every == 0 and step + 1 < budget.steps:
            checkpoint.save(
                weights=named,
                optimizer=optimizer.state_dict(),
                steps=steps,
                cpu_seconds=time.process_time() - cpu_start,
            )
    return Trained(
        steps,
        seconds=sum(row["seconds"] for row in steps),
        cpu_seconds=time.process_time() - cpu_start,
        gradient_bytes=sum(weight.numel() * weight.element_size() for weight in weights),
        optimizer_bytes=sum(
            value.numel() * value.element_size()
            for moments in optimizer.state.values()
            for value in moments.values()
        ),
    )
