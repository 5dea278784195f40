"""Take one gradient step for each task on a model, and measure what it does to the losses of all tasks.

Example:
    python workflow/scripts/interference_step.py --model results/model/smollm2-135m-q4_1 \
        --cell '{"model": "smollm2-135m-q4_1", "split": "dev"}' --items 32 --step 0.001 \
        --tasks '{"arithmetic": "results/task/arithmetic/dev.parquet",
            "translate-fra": "results/task/translate-fra/dev.parquet"}' --transfer transfer.parquet

READS   a model folder; items of each task (contract task.ITEMS)
WRITES  losses of every task before and after a step of every task (contract interference.TRANSFER)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from lib.cli import main, settings
from lib.contracts.interference import TRANSFER
from lib.intervals import bootstrap_ratio
from lib.progress import Work


def interference_step(
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    cell: Annotated[str, typer.Option(help="What is measured: JSON with model and split.")],
    tasks: Annotated[str, typer.Option(help="JSON: the table of items of each task.")],
    items: Annotated[int, typer.Option(help="Items of each task; half make its step, half are measured.")],
    step: Annotated[float, typer.Option(help="Length of a step over the norm of the linear matrices.")],
    transfer: Annotated[Path, typer.Option(help="Table to write.")],
    chat: Annotated[
        list[str] | None, typer.Option(help="Task that is asked in the model's chat template. Repeatable.")
    ] = None,
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Measure what one gradient step of each task does to the losses of all."""
    names, tables = settings(cell), {task: Path(table) for task, table in settings(tasks).items()}

    from lib import interference, likelihood
    from lib.models import lm, matrices

    network, tokenizer = lm.load(model, None, "float32", threads)  # a short step would be rounded away
    drawn = interference.drawn(tokenizer, tables, items, chat or ())
    stepped = {task: rows[: items // 2] for task, rows in drawn.items()}
    measured = {task: rows[items // 2 :] for task, rows in drawn.items()}
    tokens = {task: sum(len(row.target) for row in rows) for task, rows in measured.items()}
    found: list[dict[str, Any]] = []
    with Work("interference_step", 1 + len(drawn), "models") as work:

        def losses() -> dict[str, np.ndarray]:
            work.advance()
            return {task: np.array(likelihood.losses(network, rows)) for task, rows in measured.items()}

        before = losses()
        for task in interference.steps(network, matrices.linear(network), stepped, step):
            after = losses()
            for other in drawn:
                saved = before[other] - after[other]
                value, low, high = bootstrap_ratio(saved, before[other], resamples, seed)
                key = {**names, "task": task, "other": other, "step": step, "n_items": len(saved)}
                mean = {
                    f"loss_{when}": float(of[other].sum() / tokens[other])
                    for when, of in (("before", before), ("after", after))
                }
                found.append({**key, **mean, "transfer": value, "ci_low": low, "ci_high": high})
        facts = {"seed": seed, "threads": threads, "dtype": str(network.dtype)}
        TRANSFER.write(found, transfer, inputs=tables.values(), **facts)


if __name__ == "__main__":
    main(interference_step)
