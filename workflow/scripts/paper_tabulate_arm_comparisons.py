"""Tabulate how far each arm is from the one that it is compared with, for LaTeX.

Example:
    python workflow/scripts/paper_tabulate_arm_comparisons.py --output arm_comparisons.tex \
        results/evaluation/comparisons.parquet

READS   results/evaluation/comparisons.parquet
WRITES  a LaTeX tabular (packages: booktabs): differences in points with intervals, p values before and after
        Holm's correction, and the smallest difference that 80 % of such runs would find
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.scores import COMPARISONS
from lib.paper import labels, latex
from lib.progress import Work

HEADER = [
    "model",
    "task",
    "arm",
    "against",
    "decoder",
    "metric",
    r"difference [95 \%]",
    "$p$",
    "$p$ (Holm)",
    "detectable",
    "test",
    "seeds",
    "items",
]


def tabulate_arm_comparisons(
    output: Annotated[Path, typer.Option(help="LaTeX file to write.")],
    comparisons: Annotated[Path, typer.Argument(help="Paired differences of arms.")],
) -> None:
    """Tabulate how far each arm is from the one that it is compared with, for LaTeX."""
    with Work("paper_tabulate_arm_comparisons", 1, "tables"):
        body: list[list[str] | None] = []
        for part in labels.in_order(labels.main_scores(COMPARISONS.read(comparisons))):
            for row in part:
                metric = labels.METRICS[row["metric"]]
                words = [row["model"], row["task"], row["arm"], row["reference"]]
                words += [labels.decoder(row["decoder"]), labels.name(row["metric"])]
                numbers = [
                    latex.interval(row["value"], row["ci_low"], row["ci_high"], metric.digits),
                    latex.probability(row["p_value"]),
                    latex.probability(row["p_holm"]),
                    latex.number(row["detectable"], metric.digits),
                    latex.escape(row["test"]),
                    *(latex.number(row[name], 0) for name in ("n_seeds", "n_items")),
                ]
                body.append([*map(latex.escape, words), *numbers])
            body.append(None)
        latex.write(latex.tabular("llllllrrrrlrr", HEADER, body[:-1]), output)


if __name__ == "__main__":
    main(tabulate_arm_comparisons)
