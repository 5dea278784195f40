"""Measure what an arm costs, in a process that has the machine to itself: memory, time, energy.

A few steps of training, then a batch of decoding with the adapter that came of them. Neither adapter nor
answers are kept.

Example:
    python workflow/scripts/lora_probe.py --model results/model/smollm2-135m-q4_1 \
        --arm '{"block": "lora", "method": "lora", "rank": 16, "alpha": 32, "targets": "all-linear",
            "learning_rate": 1e-3, "warmup": 10, "weight_decay": 0.0, "clip": 1.0}' \
        --budget '{"steps": 150, "rows": 16}' \
        --decoding '{"branches": 1, "max_new_tokens": 48, "stop": ["\\nQ:"], "rows": 64}' \
        --cell '{"model": "smollm2-135m-q4_1", "task": "arithmetic", "arm": "lora-r16", "seed": 0}' \
        --items results/task/arithmetic/train.parquet --memory memory.parquet

READS   a model folder; task items to train on (contract task.ITEMS); an adapter folder to build on
WRITES  one row for each phase: load, train, evaluate (contract lora.MEMORY). A phase that fails, as memory
        runs out, says so and is the last one; the program ends as if all were well.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from lib import costs, meters
from lib.adaptation import outcome
from lib.adaptation.arm import Arm
from lib.cli import main, settings
from lib.contracts.lora import FINISHED, MEMORY, PHASES
from lib.contracts.task import ITEMS
from lib.decoding.branching import Decoding, Prompt, decode
from lib.progress import Work
from lib.run import Budget
from lib.training import Checkpoint, train
from lib.tuning import require_rate, tuned

if TYPE_CHECKING:
    import torch

    from lib.adaptation.method import Chain

STEPS = 2  # that are timed


def lora_probe(
    model: Annotated[Path, typer.Option(help="Folder of the base model.")],
    arm: Annotated[str, typer.Option(help="Arm: JSON or a JSON file, fields of lib.adaptation.arm.Arm.")],
    budget: Annotated[str, typer.Option(help="Steps and rows a step: JSON or a JSON file.")],
    decoding: Annotated[
        str, typer.Option(help="JSON or its file, fields of lib.decoding.branching.Decoding.")
    ],
    cell: Annotated[str, typer.Option(help="What is measured: JSON with model, task, arm, seed.")],
    items: Annotated[Path, typer.Option(help="Table of task items to train on.")],
    memory: Annotated[Path, typer.Option(help="Table to write.")],
    under: Annotated[Path | None, typer.Option(help="Adapter folder that stays below, frozen.")] = None,
    tuning: Annotated[Path | None, typer.Option(help="Table that the learning rate is taken from.")] = None,
    chat: Annotated[bool, typer.Option(help="Put prompts into the model's chat template.")] = False,
    dtype: Annotated[str, typer.Option(help="Type of the frozen weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Measure what an arm costs in memory, time and energy, phase by phase."""
    chosen, names = tuned(Arm(**settings(arm)), tuning), settings(cell)
    seed = names.pop("seed")
    how = Decoding.of(settings(decoding))
    examples = ITEMS.read(items)
    names |= {"method": chosen.method, "rank": chosen.rank}

    from lib.models import lm

    device = lm.device()
    with Work("lora_probe", len(PHASES), "phases") as work:
        rows: list[dict[str, Any]] = []
        phases = _phases(
            model, chosen, seed, settings(budget)["rows"], how, examples, under, chat, dtype, threads
        )
        try:
            if tuning:
                require_rate(tuning)
            for row in phases:
                rows.append({"status": FINISHED, **row})
                work.advance()
        except Exception as error:
            status, reason = outcome.of(error)
            print(f"warning: {status}: {reason}", file=sys.stderr)
            rows.append({"status": status, "reason": reason})
        found = pd.DataFrame(
            [{**names, "phase": phase, **row} for phase, row in zip(PHASES, rows, strict=False)]
        )
        found = found.assign(device=device).reindex(columns=list(MEMORY.columns))
        facts = {"seed": seed, "dtype": str(lm.dtype_of(dtype)), "threads": threads}
        MEMORY.write(found, memory, inputs=[items], **facts)


def _phases(
    folder: Path,
    arm: Arm,
    seed: int,
    rows: int,
    how: Decoding,
    examples: pd.DataFrame,
    under: Path | None,
    chat: bool,
    dtype: str,
    threads: int,
) -> Iterator[dict[str, Any]]:
    """Run the phases one after the other; what each took."""
    import torch

    from lib.adaptation.matching import grounded
    from lib.adaptation.methods import METHODS
    from lib.models import lm

    method = METHODS[arm.method]
    meters.give_back()
    program = None if torch.cuda.is_available() else meters.resident_bytes()
    with meters.metered() as used:
        if under:
            outcome.require(under)
        base, tokenizer = lm.load(folder, None, "float32" if method.whole else dtype, threads)
        base, (arm,) = grounded(base, [arm], under)
        network = method.attach(base, arm, seed, None)
        for weight in network.parameters():
            weight.sum()  # a file that is mapped into memory is read only when it is used
    trained = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
    frozen = sum(weight.numel() for weight in network.parameters()) - trained
    predicted = costs.training_bytes(frozen, trained, base.dtype.itemsize)
    owned = {"weights": _bytes(network), **NONE_YET}
    yield {"rank": arm.rank, **_memory(used, program, owned, {**predicted, **NONE_YET})}

    read = lm.training_rows(tokenizer, examples["prompt"], examples["target"], chat)
    # These need most memory, and a long training meets their like.
    longest = sorted(read, key=lambda row: len(row.prompt) + len(row.target))[-rows:]
    mixed = method.whole and lm.dtype_of(dtype) == torch.bfloat16

    def training(read: list, steps: int, rows: int, chain: Chain | None) -> Any:
        unsaved, budget = Checkpoint(Path("none"), "", steps + 1), Budget(steps, rows)
        return train(network, read, arm, budget, seed, unsaved, _silent, mixed=mixed, chain=chain)

    chain = method.chain(network, arm, seed)
    with meters.metered() as used:
        first = training(read[:1], 1, 1, chain)  # what is done once is not timed
        # Without the chain these are steps within a link, as nearly all of a long training are.
        timed = training(read, STEPS, rows, chain=None)
        with meters.Saved(network.parameters()) as saved:
            last = training(longest, 1, rows, chain)
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    owned |= {"gradients": meters.bytes_of(gradients), "optimizer": timed.optimizer_bytes}
    tokens = sum(step["tokens"] for step in timed.steps)
    yield {
        "rank": arm.rank,
        **_memory(used, program, owned, {**predicted, "rest": saved.bytes}),
        "tokens": sum(step["tokens"] for run in (first, timed, last) for step in run.steps),
        "seconds_per_step": timed.seconds / STEPS,
        "tokens_per_second": tokens / timed.seconds,
        "flops_per_token": costs.flops_per_token(frozen, trained),
    }

    with tempfile.TemporaryDirectory() as place:
        method.save(network, Path(place))
        del base, network, chain, gradients, weight
        with meters.metered() as used:
            network, _ = lm.load(folder, Path(place), dtype, threads)
            ids = lm.prompt_ids(tokenizer, examples["prompt"].head(how.rows), chat)
            prompts = [Prompt("", prompt) for prompt in ids]
            begun = time.perf_counter()
            branches = decode(network, tokenizer, prompts, how)
            seconds = time.perf_counter() - begun
    written = sum(len(branch.token_ids) for branch in branches)
    weights = sum(weight.numel() for weight in network.parameters())
    owned = {"weights": _bytes(network), **NONE_YET}
    yield {
        "rank": arm.rank,
        **_memory(used, program, owned, {"weights": weights * network.dtype.itemsize, **NONE_YET}),
        "tokens": written,
        "tokens_per_second": written / seconds,
        "flops_per_token": costs.FORWARD * weights,
    }


NONE_YET = {"gradients": 0, "optimizer": 0}


def _silent(done: int, note: str) -> None:
    """A probe is short: its steps are not reported."""


def _bytes(network: torch.nn.Module) -> int:
    return meters.bytes_of([*network.parameters(), *network.buffers()])


def _memory(
    used: meters.Used, program: int | None, owned: dict[str, int], predicted: dict[str, int]
) -> dict[str, Any]:
    """Columns of a phase: its peak by owner, the prediction for each, and what else the meter read.

    The program is what the process held before it loaded the model; beside a GPU that does not count.
    """
    rest = used.peak_bytes - (program or 0) - sum(owned.values())
    return {
        "peak_bytes": used.peak_bytes,
        "reserved_bytes": used.reserved_bytes,
        "program_bytes": program,
        **{f"{owner}_bytes": size for owner, size in {**owned, "rest": rest}.items()},
        "predicted_peak_bytes": (program or 0) + sum(predicted.values()) if "rest" in predicted else None,
        **{f"predicted_{owner}_bytes": size for owner, size in predicted.items()},
        "seconds": used.seconds,
        "joules": used.joules,
    }


if __name__ == "__main__":
    main(lora_probe)
