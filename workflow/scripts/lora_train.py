"""Train one adapter: one model, one task, one arm, one seed. Rounds of self-improvement use it too.

Example:
    python workflow/scripts/lora_train.py --model results/model/smollm2-135m-q4_1 \
        --arm '{"block": "lora", "method": "lora", "rank": 16, "alpha": 32, "scaling": 2.0, "targets":
            "all-linear", "learning_rate": 1e-3, "warmup": 10, "weight_decay": 0.0, "clip": 1.0}' \
        --budget '{"steps": 150, "rows": 16}' \
        --cell '{"model": "smollm2-135m-q4_1", "task": "arithmetic", "arm": "lora-r16", "seed": 0}' \
        --adapter out/adapter --steps out/steps.parquet --cost out/cost.parquet \
        results/task/arithmetic/train.parquet

READS   a model folder; task items (contract task.ITEMS), one table or several
WRITES  the adapter folder (PEFT); training steps (lora.STEPS); one row of costs (lora.COSTS);
        while it runs, a checkpoint beside the adapter, from which the same command goes on
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lib.adaptation.arm import Arm
from lib.adaptation.attach import add_adapter
from lib.cli import UserError, main, settings
from lib.contracts.lora import COSTS, STEPS
from lib.contracts.task import ITEMS
from lib.progress import Work
from lib.provenance import sha256
from lib.training import Budget, Checkpoint, digest, train

SETTINGS, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def peak_bytes() -> int:
    """Peak memory of this process so far: on a GPU what torch allocated there, else resident."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def lora_train(
    model: Annotated[Path, typer.Option(help="Folder of the base model.")],
    arm: Annotated[str, typer.Option(help="Arm: JSON or a JSON file, fields of lib.adaptation.arm.Arm.")],
    budget: Annotated[str, typer.Option(help="Steps and rows a step: JSON or a JSON file.")],
    cell: Annotated[str, typer.Option(help="What is trained: JSON with model, task, arm, seed.")],
    adapter: Annotated[Path, typer.Option(help="Adapter folder to write.")],
    steps: Annotated[Path, typer.Option(help="Table of training steps to write.")],
    cost: Annotated[Path, typer.Option(help="Table with the cost to write.")],
    items: Annotated[list[Path], typer.Argument(help="Tables of task items to train on.")],
    start: Annotated[Path | None, typer.Option(help="Adapter folder to go on from.")] = None,
    dtype: Annotated[str, typer.Option(help="Type of the frozen weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
    checkpoint_every: Annotated[int, typer.Option(help="Steps between two checkpoints.")] = 25,
) -> None:
    """Train one adapter and record its loss curve and its cost."""
    chosen, length, names = Arm(**settings(arm)), Budget(**settings(budget)), settings(cell)
    seed = names["seed"]
    examples = ITEMS.read(*items)
    if examples.empty:
        raise UserError(f"{items[0]}: no rows to train on; check what the table was made from")

    from lib.models import lm

    base, tokenizer = lm.load(model, None, dtype, threads)
    base.requires_grad_(False)
    network = add_adapter(base, chosen, seed, start)
    trainable = [weight for weight in network.parameters() if weight.requires_grad]
    initial = digest(trainable)
    loaded = peak_bytes()
    rows = lm.training_rows(tokenizer, examples["prompt"], examples["target"])

    read = [*items, *sorted(model.glob("*.safetensors")), *sorted(model.glob("*.json"))]
    # What ``dtype`` came to, and where: a run is not resumed on a node that computes other bits.
    place = [str(base.dtype), base.device.type, threads]
    identity = hashlib.sha256(
        json.dumps([asdict(chosen), asdict(length), names, *place, initial, *map(sha256, read)]).encode()
    ).hexdigest()
    checkpoint = Checkpoint(adapter.parent / "checkpoint.pt", identity, checkpoint_every)
    with Work("lora_train", length.steps, "steps") as work:
        run = train(network, rows, chosen, length, seed, checkpoint, work.advance)

        partial = adapter.with_name(f".{adapter.name}.{os.getpid()}.partial")
        network.save_pretrained(partial)
        adapter.mkdir(parents=True, exist_ok=True)
        for name in (SETTINGS, WEIGHTS):
            os.replace(partial / name, adapter / name)
        for stale in adapter.parent.glob(f".{adapter.name}.*.partial"):  # this one, and those of killed runs
            shutil.rmtree(stale)

        tokens = sum(row["tokens"] for row in run.steps)
        trained = sum(weight.numel() for weight in trainable)
        frozen = sum(weight.numel() for weight in network.parameters()) - trained
        facts = {"seed": seed, "dtype": str(base.dtype), "threads": threads}
        STEPS.write(run.steps, steps, inputs=items, **facts)
        COSTS.write(
            [
                {
                    **names,
                    "method": chosen.method,
                    "rank": chosen.rank,
                    "trainable_params": trained,
                    "initial_sha256": initial,
                    "peak_bytes_load": loaded,
                    "peak_bytes_train": peak_bytes(),
                    "gradient_bytes": run.gradient_bytes,
                    "optimizer_bytes": run.optimizer_bytes,
                    # Without the settings, which hold the path of the model.
                    "adapter_bytes": (adapter / WEIGHTS).stat().st_size,
                    # Forward and gradient of activations through all weights, gradients of the trained.
                    "flops": float(tokens * (4 * frozen + 6 * trained)),
                    "seconds": run.seconds,
                    "cpu_seconds": run.cpu_seconds,
                    "tokens_per_second": tokens / run.seconds,
                }
            ],
            cost,
            inputs=items,
            **facts,
        )
        checkpoint.remove()


if __name__ == "__main__":
    main(lora_train)
