"""Tabulate what training cost for LaTeX, one line per adapter.

Example:
    python workflow/scripts/paper_tabulate_costs.py --output costs.tex \
        results/lora/costs.parquet results/lora/arms.parquet

READS   results/lora/costs.parquet, results/lora/arms.parquet
WRITES  a LaTeX tabular (packages: booktabs)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.lora import ARMS, COSTS
from lib.paper import labels, latex
from lib.progress import Work

MIB = 2**20
# Column of the table, head, unit divided by, digits
NUMBERS = [
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
    arms: Annotated[Path, typer.Argument(help="What the arms are.")],
) -> None:
    """Tabulate what training cost for LaTeX, one line per adapter."""
    with Work("paper_tabulate_costs", 1, "tables"):
        table = COSTS.read(costs).merge(ARMS.read(arms)[["arm", "scaling"]], on="arm", how="left")
        rows = table.to_dict("records")
        rows.sort(key=lambda row: (row["task"], row["model"], labels.natural(row["arm"]), row["seed"]))
        body, previous = [], None
        for row in rows:
            if previous not in (None, (row["task"], row["model"])):
                body.append(None)
            previous = (row["task"], row["model"])
            words = [row["model"], row["task"], row["arm"], str(row["seed"])]
            numbers = [latex.number(row[name] / unit, digits) for name, _, unit, digits in NUMBERS]
            body.append([*map(latex.escape, words), *numbers])
        header = ["model", "task", "arm", "seed", *(latex.stacked(head) for _, head, _, _ in NUMBERS)]
        latex.write(latex.tabular("lllr" + "r" * len(NUMBERS), header, body), output)


if __name__ == "__main__":
    main(tabulate_costs)
