"""Check that no two splits of a task share a question, and count what each has.

Example:
    python workflow/scripts/task_check.py --table results/task/splits.parquet \
        results/task/arithmetic/train.parquet results/task/arithmetic/test.parquet

READS   items of splits of tasks (contract task.ITEMS), each a file {task}/{split}.parquet
WRITES  one row a task and split (contract task.SPLITS)
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from lib.cli import UserError, main
from lib.contracts.task import ITEMS, SPLITS
from lib.progress import Work
from lib.tasks.leaks import leaks


def task_check(
    table: Annotated[Path, typer.Option(help="Table of splits to write.")],
    items: Annotated[
        list[Path] | None, typer.Argument(help="Tables of items, {task}/{split}.parquet.")
    ] = None,
) -> None:
    """Check that no two splits of a task share a question."""
    rows = []
    with Work("task_check", len(items or [])) as work:
        for folder, paths in groupby(sorted(items or []), lambda path: path.parent):
            splits = {}
            for path in paths:
                splits[path.stem] = found = ITEMS.read(path)
                counts = {"n_items": len(found), "n_templates": found["template"].nunique()}
                worked = int((found["style"] == "worked").sum())
                rows.append({"task": folder.name, "split": path.stem, **counts, "n_worked": worked})
                work.advance()
            for one, other, shared in leaks(splits):
                raise UserError(
                    f"{folder}: {one}.parquet and {other}.parquet share {shared}; scores would be too good, "
                    "so remove both files and have them built again by one version of the code"
                )
        SPLITS.write(rows, table, inputs=items or [])


if __name__ == "__main__":
    main(task_check)
