"""Compare the gradients of tasks on a model: cosines by layer and kind of matrix, corrected for noise.

Example:
    python workflow/scripts/interference_compare.py --model results/model/smollm2-135m-q4_1 \
        --cell '{"model": "smollm2-135m-q4_1", "split": "dev"}' --batches 8 --rows 4 \
        --tasks '{"arithmetic": "results/task/arithmetic/dev.parquet",
            "translate-fra": "results/task/translate-fra/dev.parquet"}' --cosines cosines.parquet

READS   a model folder; items of each task (contract task.ITEMS)
WRITES  cosines of every two tasks, and of each with itself (contract interference.COSINES)
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from lib.cli import main, settings
from lib.contracts.interference import COSINES
from lib.intervals import ends
from lib.progress import Work

if TYPE_CHECKING:
    from lib.packing import Row


def interference_compare(
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    cell: Annotated[str, typer.Option(help="What is compared: JSON with model and split.")],
    tasks: Annotated[str, typer.Option(help="JSON: the table of items of each task.")],
    batches: Annotated[int, typer.Option(help="Batches of each task, an even number.")],
    rows: Annotated[int, typer.Option(help="Items of a batch.")],
    cosines: Annotated[Path, typer.Option(help="Table to write.")],
    chat: Annotated[
        list[str] | None, typer.Option(help="Task that is asked in the model's chat template. Repeatable.")
    ] = None,
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    dtype: Annotated[str, typer.Option(help="Number format of the model.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Compare the gradients of tasks, by layer and by kind of matrix."""
    names, tables = settings(cell), {task: Path(table) for task, table in settings(tasks).items()}

    from lib import interference
    from lib.models import lm, matrices

    network, tokenizer = lm.load(model, None, dtype, threads)
    drawn = interference.drawn(tokenizer, tables, batches * rows, chat or ())
    in_batches = [part for items in drawn.values() for part in _batches(items, rows)]
    groups = interference.parts(matrices.linear(network), in_batches, network.dtype.itemsize)
    sums: dict[tuple[str, str], Any] = defaultdict(float)
    with Work("interference_compare", len(groups) * len(in_batches), "batches") as work:
        for part in groups:
            for name, inner in interference.products(network, part, in_batches, work.advance):
                layer, kind = matrices.place(name)
                for group in (("model", "all"), ("layer", str(layer)), ("kind", kind)):
                    sums[group] += inner
        counts = interference.resampled(batches, list(drawn), resamples, seed)
        names |= {"n_batches": batches, "n_items": batches * rows}
        found = []
        for (grouped, group), inner in sums.items():
            shaped = inner.reshape(len(drawn), batches, len(drawn), batches)
            key = {**names, "grouped": grouped, "group": group}
            found += [{**key, **row} for row in _rows(list(drawn), shaped, counts)]
        facts = {"seed": seed, "threads": threads, "dtype": str(network.dtype)}
        COSINES.write(found, cosines, inputs=tables.values(), **facts)


def _batches(items: list[Row], rows: int) -> list[list[Row]]:
    return [items[start : start + rows] for start in range(0, len(items), rows)]


def _rows(tasks: list[str], inner: np.ndarray, counts: np.ndarray) -> list[dict[str, Any]]:
    """A row for every two tasks, and for each with itself, of one group of matrices."""
    from lib import interference

    whole = interference.compared(inner, np.ones_like(counts[:1]))
    draws = interference.compared(inner, counts)
    rows = []
    for first, second in itertools.combinations_with_replacement(range(len(tasks)), 2):
        row: dict[str, Any] = {"task": tasks[first], "other": tasks[second]}
        for name in ("cosine", "corrected"):
            low, high = ends(getattr(draws, name)[:, first, second])
            row |= {name: getattr(whole, name)[0, first, second], f"{name}_low": low, f"{name}_high": high}
        rows.append(row | {"ceiling": whole.ceiling[0, first, second]})
    return rows


if __name__ == "__main__":
    main(interference_compare)
