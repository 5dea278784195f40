"""Train one adapter: one model, one task, one arm, one seed. Rounds of self-improvement use it too.

Example:
    python workflow/scripts/lora_train.py --model results/model/smollm2-135m-q4_1 \
        --arm '{"block": "lora", "method": "lora", "rank": 16, "alpha": 32, "targets": "all-linear",
            "learning_rate": 1e-3, "warmup": 10, "weight_decay": 0.0, "clip": 1.0}' \
        --budget '{"steps": 150, "rows": 16}' \
        --cell '{"model": "smollm2-135m-q4_1", "task": "arithmetic", "arm": "lora-r16", "seed": 0}' \
        --adapter out/adapter --steps out/steps.parquet --cost out/cost.parquet \
        results/task/arithmetic/train.parquet

READS   a model folder; task items (contract task.ITEMS), one table or several; an adapter folder to go on
        from, or to build on; a table of tuned learning rates (lora.TUNING); a plan of cells to train along
WRITES  the adapter folder (PEFT's format where PEFT has the method); training steps (lora.STEPS); one row of
        costs (lora.COSTS); while it runs, a checkpoint beside the adapter, from which the same command
        goes on. Where the loss diverges or memory runs out, the folder and the row say so, and the
        program ends as if all were well: the rest of a grid goes on. Cells of a plan that it trained along
        wait in a folder .together beside those of the arms, for this program to be asked for them.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from lib import meters
from lib.adaptation import outcome, results, saved
from lib.adaptation.arm import Arm
from lib.adaptation.fused import reads_spans
from lib.cli import UserError, main, settings
from lib.contracts.task import ITEMS
from lib.costs import flops_per_token
from lib.models.folder import files_of
from lib.progress import Work
from lib.provenance import sha256
from lib.run import Budget, Run
from lib.together import Cell, Files, Shelf
from lib.training import Checkpoint, digest, gain, train_together
from lib.tuning import require_rate, tuned

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from lib.adaptation.method import Network
    from lib.packing import Row

PAYS = 1.1  # several arms train in one process if their steps are so many times faster together


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
    budget: Annotated[str, typer.Option(help="Steps, and rows or target tokens a step: JSON or its file.")],
    cell: Annotated[str, typer.Option(help="What is trained: JSON with model, task, arm, seed.")],
    adapter: Annotated[Path, typer.Option(help="Adapter folder to write.")],
    steps: Annotated[Path, typer.Option(help="Table of training steps to write.")],
    cost: Annotated[Path, typer.Option(help="Table with the cost to write.")],
    items: Annotated[list[Path], typer.Argument(help="Tables of task items to train on.")],
    start: Annotated[Path | None, typer.Option(help="Adapter folder of the same arm to go on from.")] = None,
    under: Annotated[Path | None, typer.Option(help="Adapter folder that stays below, frozen.")] = None,
    tuning: Annotated[Path | None, typer.Option(help="Table that the learning rate is taken from.")] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Cells to train along, if this file of lib.together exists.")
    ] = None,
    chat: Annotated[bool, typer.Option(help="Put prompts into the model's chat template.")] = False,
    dtype: Annotated[str, typer.Option(help="Type of the frozen weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
    checkpoint_every: Annotated[int, typer.Option(help="Steps between two checkpoints.")] = 25,
) -> None:
    """Train one adapter and record its loss curve and its cost."""
    below = [path for path in (start, under) if path]
    length, names = Budget(**settings(budget)), settings(cell)
    examples = ITEMS.read(*items)
    if examples.empty and not any(map(saved.failure, below)):
        raise UserError(f"{items[0]}: no rows to train on; check what the table was made from")
    read = [*items, *files_of(model), *(path / saved.WEIGHTS for path in below)]
    how = (asdict(length), chat, dtype, threads, *map(sha256, read))
    own = Cell(tuned(Arm(**settings(arm)), tuning), names, Files(adapter, steps, cost), how)
    shelf = Shelf(own)
    with Work("lora_train", length.steps, "steps") as work, ExitStack() as turn:
        group = [own]
        if plan and plan.is_file() and not below:
            turn.enter_context(shelf.turn())
            if shelf.publish():
                print("note: was trained along with another arm", file=sys.stderr)
                return
            group = shelf.group(plan)
        if len(group) == 1:  # others need not wait for it
            turn.close()

        import torch

        from lib.adaptation.methods import METHODS
        from lib.models import lm

        method, wanted = METHODS[own.arm.method], lm.dtype_of(dtype)
        facts = {"inputs": items, "dtype": str(wanted), "threads": threads}
        # What ``dtype`` came to, and where: a run is not resumed on a node that computes other bits.
        place = [str(wanted), lm.device()]

        def checkpoint_of(group: list[Cell]) -> Checkpoint:
            folder = shelf.folder if len(group) > 1 else adapter.parent
            identities = [cell.identity for cell in group]
            identity = hashlib.sha256(json.dumps([*identities, *place]).encode()).hexdigest()
            return Checkpoint(folder / "checkpoint.pt", identity, checkpoint_every)

        def train_group(group: list[Cell]) -> TrainedGroup:
            """Load the model and train what a group puts on it."""
            checkpoint = checkpoint_of(group)
            base, tokenizer = lm.load(model, None, "float32" if method.whole else dtype, threads)
            rows = lm.training_rows(tokenizer, examples["prompt"], examples["target"], chat)
            network, runs = prepared(base, group, rows, length, start, under)
            if len(group) > 1:
                check_group(network, runs, resumed=checkpoint.restore() is not None)
            initial = [digest(list(method.state(network, **only(run)).values())) for run in runs]
            loaded = peak_bytes()
            mixed = method.whole and wanted == torch.bfloat16
            cpu_seconds = train_together(network, runs, checkpoint, work.advance, mixed)
            peaks = {"peak_bytes_load": loaded, "peak_bytes_train": peak_bytes()}
            return TrainedGroup(network, runs, initial, cpu_seconds, peaks)

        def train_several(group: list[Cell]) -> TrainedGroup | None:
            """Train several cells at once; none where the own one is to train alone, which is then said."""
            try:
                return train_group(group)
            except Alone as error:
                why = str(error)
            except Exception as error:
                why = f"{len(group)} arms at once: {outcome.of(error).reason}; lower lora.pack"
                checkpoint_of(group).remove()
            print(f"note: {why}; this one trains alone", file=sys.stderr)
            meters.give_back()
            return None

        several = len(group) > 1
        try:
            for path in below:
                outcome.require(path)
            if tuning:
                require_rate(tuning)
            done = train_several(group) if several else None
            if done is None:
                turn.close()
                group = [own]
                done = train_group(group)
        except Exception as error:
            results.write(own, own.files, method.save, [], {"packed": 1}, facts, outcome.of(error))
        else:
            network = done.network
            frozen = sum(weight.numel() for weight in network.parameters() if not weight.requires_grad)
            for cell, run, first in zip(group, done.runs, done.initial, strict=True):
                spent = {"packed": len(group), "rank": run.arm.rank, "scaling": run.arm.scaling}
                if not run.failed:
                    spent |= {"initial_sha256": first, **costs(run, frozen)}
                    spent |= {"cpu_seconds": done.cpu_seconds, **pace(run)} if len(group) == 1 else {}
                    spent |= {} if several else done.peaks  # they would hold what others took
                results.write(
                    cell,
                    own.files if cell == own else shelf.files(cell),
                    partial(method.save, network, **only(run)),
                    run.steps,
                    spent,
                    facts,
                    outcome.of(run.failed) if run.failed else results.DONE,
                )
        checkpoint_of(group).remove()


class Alone(Exception):
    """Why a cell is not trained along with others."""


class TrainedGroup(NamedTuple):
    """What a group came to, and what that took of the machine."""

    network: Network
    runs: list[Run]
    initial: list[str]  # of each, a hash of all that is saved, before the first step
    cpu_seconds: float
    peaks: dict[str, int]


def check_group(network: Network, runs: list[Run], resumed: bool) -> None:
    """Make sure that several adapters can be trained at once, and that it pays; once begun, it does.

    Raises:
        Alone: they cannot, or it does not.
    """
    if not reads_spans(network):
        raise Alone("arms cannot share the layers of this model")
    if not resumed and (faster := gain(network, runs)) < PAYS:
        raise Alone(f"{len(runs)} arms at once are {faster:.2f} times faster")


def prepared(
    base: PreTrainedModel,
    group: Sequence[Cell],
    rows: list[Row],
    length: Budget,
    start: Path | None,
    under: Path | None,
) -> tuple[Network, list[Run]]:
    """A model with what each cell of a group trains, and a run of each."""
    from lib.adaptation.matching import grounded
    from lib.adaptation.methods import METHODS

    method = METHODS[group[0].arm.method]
    base, arms = grounded(base, [cell.arm for cell in group], under)
    seeds = [cell.names["seed"] for cell in group]
    if len(group) == 1:
        network = method.attach(base, arms[0], seeds[0], start)
        trained = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
        chain = method.chain(network, arms[0], seeds[0])
        return network, [Run(arms[0], rows, length, seeds[0], trained, chain=chain)]
    adapters = [f"arm{number}" for number in range(len(group))]
    network = method.attach_together(base, arms, seeds, adapters)
    trained = {
        adapter: {name: weight for name, weight in network.named_parameters() if f".{adapter}." in name}
        for adapter in adapters
    }
    return network, [
        Run(arm, rows, length, seed, trained[adapter], adapter)
        for arm, seed, adapter in zip(arms, seeds, adapters, strict=True)
    ]


def only(run: Run) -> dict[str, str]:
    """The adapter of a run as an option, where it has the model not to itself."""
    return {"adapter": run.adapter} if run.adapter else {}


def costs(run: Run, frozen: int) -> dict[str, Any]:
    """What a training cost, whatever the machine; with so many weights that it did not train."""
    trained = sum(weight.numel() for weight in run.weights.values())
    tokens = sum(row["tokens"] for row in run.steps)
    return {
        "trainable_params": trained,
        "gradient_bytes": run.gradient_bytes,
        "optimizer_bytes": run.optimizer_bytes,
        "flops": float(tokens * flops_per_token(frozen, trained)),
    }


def pace(run: Run) -> dict[str, float]:
    """How fast a training was that had the model to itself."""
    tokens, seconds = (sum(row[name] for row in run.steps) for name in ("tokens", "seconds"))
    return {"seconds": seconds, "tokens_per_second": tokens / seconds}


if __name__ == "__main__":
    main(lora_train)
