"""Tabulate what training cost for LaTeX, one line per adapter; dashes where a training failed.

Example:
    python workflow/scripts/paper_tabulate_costs.py --output costs.tex \
        results/lora/costs.parquet

READS   results/lora/costs.parquet
WRITES  a LaTeX tabular (packages: booktabs)
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.lora import COSTS
from lib.paper import labels, latex
from lib.progress import Work

MIB = 2**20
# Column of the table, head, unit divided by, digits
NUMBERS = [
    ("rank", "rank", 1, 0),
    ("scaling", "scaling", 1, 2),
    ("trainable_params", "trained\nparameters", 1, 0),
    ("peak_bytes_train", "peak\n(MiB)", MIB, 0),
    ("optimizer_bytes", "optimizer\n(MiB)", MIB, 1),
    ("adapter_bytes", "adapter\n(MiB)", MIB, 1),
    ("seconds", "time\n(s)", 1, 0),
    ("cpu_seconds", "CPU time\n(s)", 1, 0),
]


def tabulate_costs(
    output: Annotated[Path, typer.Option(help="LaTeX file to write.")],
    costs: Annotated[Path, typer.Argument(help="Training costs.")],
) -> None:
    """Tabulate what training cost for LaTeX, one line per adapter."""
    with Work("paper_tabulate_costs", 1, "tables"):
        rows = COSTS.read(costs).to_dict("records")
        rows.sort(key=lambda row: (row["task"], row["model"], labels.natural(row["arm"]), row["seed"]))
        body, previous = [], None
        for row in rows:
            if previous not in (None, (row["task"], row["model"])):
                body.append(None)
            previous = (row["task"], row["model"])
            words = [row["model"], row["task"], labels.outcome(row), str(row["seed"])]
            numbers = [
                latex.NONE if math.isnan(row[name]) else latex.number(row[name] / unit, digits)
                for name, _, unit, digits in NUMBERS
            ]
            body.append([*map(latex.escape, words), *numbers])
        header = ["model", "task", "arm", "seed", *(latex.stacked(head) for _, head, _, _ in NUMBERS)]
        latex.write(latex.tabular("lllr" + "r" * len(NUMBERS), header, body), output)


if __name__ == "__main__":
    main(tabulate_costs)
