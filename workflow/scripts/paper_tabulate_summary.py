"""Tabulate the scores of all arms over their seeds for LaTeX, with intervals.

Example:
    python workflow/scripts/paper_tabulate_summary.py --output summary.tex results/evaluation/summary.parquet

READS   results/evaluation/summary.parquet
WRITES  a LaTeX tabular (packages: booktabs); intervals are over seeds and items, of one seed over items alone
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.scores import SUMMARY
from lib.paper import labels, latex
from lib.progress import Work

HEADER = ["model", "task", "arm", "decoder", "metric", r"value [95 \%]", "seeds", "items"]


def tabulate_summary(
    output: Annotated[Path, typer.Option(help="LaTeX file to write.")],
    summary: Annotated[Path, typer.Argument(help="Scores over seeds.")],
) -> None:
    """Tabulate the scores of all arms over their seeds for LaTeX, with intervals."""
    with Work("paper_tabulate_summary", 1, "tables"):
        body: list[list[str] | None] = []
        for part in labels.in_order(labels.main_scores(SUMMARY.read(summary))):
            for row in part:
                metric = labels.METRICS[row["metric"]]
                words = [row["model"], row["task"], row["arm"], labels.decoder(row["decoder"]), metric.label]
                value = latex.interval(row["value"], row["ci_low"], row["ci_high"], metric.digits)
                counts = [latex.number(row[name], 0) for name in ("n_seeds", "n_items")]
                body.append([*map(latex.escape, words), value, *counts])
            body.append(None)
        latex.write(latex.tabular("lllllrrr", HEADER, body[:-1]), output)


if __name__ == "__main__":
    main(tabulate_summary)
