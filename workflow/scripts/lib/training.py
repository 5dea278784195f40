"""The training loop: of what a model has to train, resumable, equal to itself after a kill."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib import likelihood
from lib.adaptation.fused import Span, fused
from lib.adaptation.method import Chain
from lib.models.side_by_side import share_sequences
from lib.packing import CHUNK_TOKENS, Row, chunks, pack, row_losses
from lib.run import Budget, Diverged, Recipe, Run

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel

    Network = PreTrainedModel | PeftModel


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
    model: Network,
    rows: Sequence[Row],
    arm: Recipe,
    budget: Budget,
    seed: int,
    checkpoint: Checkpoint,
    report: Callable[[int, str], Any],
    mixed: bool = False,
    chain: Chain | None = None,
    until: int | None = None,
) -> Trained:
    """Train in place the weights that require gradients.

    The others stay frozen in the type they were loaded in; what is trained, its gradients and AdamW's
    moments are float32. On a CPU with a fixed number of threads, a run that was killed and resumed
    ends with the same bits as one that was not.

    Args:
        model: a model, or one with its adapter, see :class:`lib.adaptation.method.Method`.
        rows: tokenized examples.
        arm: how.
        budget: how long.
        seed: decides the order of the rows.
        checkpoint: where to go on from, and how often to save.
        report: called after each step with the number of steps and a note, for progress.
        mixed: multiply in bfloat16 (Micikevicius et al. 2018), whatever the type of the weights.
        chain: the links of ``model``, each of which has an optimizer of its own.
        until: stop after so many steps, with a checkpoint to go on from.

    Raises:
        Diverged: the loss or its gradient is no longer a number; nothing of that step is kept.
    """
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    run = Run(arm, rows, budget, seed, weights, chain=chain)
    cpu_seconds = train_together(model, [run], checkpoint, report, mixed, until)
    if run.failed:
        raise run.failed
    seconds = sum(row["seconds"] for row in run.steps)
    return Trained(run.steps, seconds, cpu_seconds, run.gradient_bytes, run.optimizer_bytes)


def train_together(
    model: Network,
    runs: Sequence[Run],
    checkpoint: Checkpoint,
    report: Callable[[int, str], Any],
    mixed: bool = False,
    until: int | None = None,
) -> float:
    """Train several adapters of one model, each as if it were alone (:func:`train`).

    Each has rows, a schedule, an optimizer and a norm to clip of its own. One whose loss diverges ends
    there, with the reason in ``failed``, and the others go on.

    Returns:
        processor time, in seconds.
    """
    causal = base(model)
    size = share_sequences(causal, CHUNK_TOKENS)
    most = max(run.budget.steps for run in runs)
    until = most if until is None else min(until, most)
    cpu_before = 0.0
    if state := checkpoint.restore():
        for run, saved in zip(runs, state["runs"], strict=True):
            run.resume(saved)
        cpu_before = state["cpu_seconds"]
        report(max(len(run.steps) for run in runs), "resumed from a checkpoint")
    cpu_start = time.process_time() - cpu_before

    with fused(causal) as spans:
        while active := [run for run in runs if run.goes_on(until)]:
            begun = time.perf_counter()
            read = [run.begin() for run in active]
            losses = backward(causal, size, spans, active, read, mixed)
            for run, rows, loss in zip(active, read, losses, strict=True):
                try:
                    measured = run.end(rows, loss)
                except Diverged as error:
                    run.failed = error
                else:
                    run.steps.append({**measured, "seconds": time.perf_counter() - begun})
            if all(run.failed for run in active):
                break
            done = max(len(run.steps) for run in active)
            report(1, f"loss {losses[0]:.3f}")
            if done < most and (done % checkpoint.every == 0 or done == until):
                states = [run.state() for run in runs]
                checkpoint.save(runs=states, cpu_seconds=time.process_time() - cpu_start)
    return time.process_time() - cpu_start


def base(model: Network) -> PreTrainedModel:
    """The causal language model itself, without PEFT's shell, as decoding runs it.

    What training mode adds to a base model is noise, like GPT-2's dropout, drawn from numbers that no
    checkpoint holds. An adapter has none, and gradients flow all the same.
    """
    return getattr(model, "get_base_model", lambda: model)().eval()


def backward(
    causal: PreTrainedModel,
    size: int,
    spans: list[Span],
    runs: Sequence[Run],
    read: Sequence[Sequence[Row]],
    mixed: bool = False,
) -> list[float]:
    """Add the gradients of each run's mean loss over its own targets; these losses, in nats.

    Args:
        causal: the model that they share.
        size: tokens that go through it at once.
        spans: of its layers, see :func:`lib.adaptation.fused.fused`.
        runs: as many as there are lists of rows.
        read: the rows of each.
        mixed: multiply in bfloat16.
    """
    import torch

    targets = [sum(len(row.target) for row in rows) for rows in read]
    losses = [0.0] * len(runs)
    laid = [row._replace(reader=reader) for reader, rows in enumerate(read) for row in rows]
    # Rows of a length go together, since attention pads them; sorted ones share what they begin with.
    for part in chunks(sorted(laid, key=lambda row: row.tokens), size):
        rows = sorted(part, key=lambda row: (row.reader, row.prompt, row.target))
        batch = pack(rows).to(causal.device)
        spans[:] = [
            Span(adapter, start, stop)
            for reader, start, stop in batch.spans
            if (adapter := runs[reader].adapter)
        ]
        with torch.autocast(causal.device.type, torch.bfloat16, enabled=mixed):
            found = row_losses(causal, rows, batch)
        shares = found / found.new_tensor([targets[row.reader] for row in rows])
        shares.sum().backward()
        for row, share in zip(rows, shares.tolist(), strict=True):
            losses[row.reader] += share
    spans.clear()
    return losses


def gain(model: Network, runs: Sequence[Run]) -> float:
    """How many times faster a step of all runs at once is than their steps one after the other, measured.

    Nothing is trained: the gradients of the first step are taken, in turns, and the shorter of two times
    counts.
    """
    import torch

    causal = base(model)
    size = share_sequences(causal, CHUNK_TOKENS)
    ways = {"alone": [[run] for run in runs], "together": [list(runs)]}
    seconds = dict.fromkeys(ways, math.inf)
    with fused(causal) as spans:
        for _ in range(2):
            for way, groups in ways.items():
                begun = time.perf_counter()
                for group in groups:
                    backward(causal, size, spans, group, [run.read(0) for run in group])
                if causal.device.type == "cuda":
                    torch.cuda.synchronize()
                seconds[way] = min(seconds[way], time.perf_counter() - begun)
    for run in runs:
        run.optimizer.zero_grad(set_to_none=True)
    return seconds["alone"] / seconds["together"]


def mean_loss(model: Network, rows: Sequence[Row], mixed: bool = False) -> float:
    """Mean cross-entropy over the targets of rows, in nats.

    Args:
        model: see :func:`train`.
        rows: tokenized examples.
        mixed: multiply in bfloat16.
    """
    import torch

    causal = base(model)
    with fused(causal), torch.autocast(causal.device.type, torch.bfloat16, enabled=mixed):
        total = sum(likelihood.losses(causal, sorted(rows)))  # sorted ones share what they begin with
    return total / sum(len(row.target) for row in rows)
