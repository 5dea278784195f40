"""Tabulate the scores of all arms for LaTeX, with intervals.

Example:
    python workflow/scripts/paper_tabulate_scores.py --output scores.tex results/evaluation/scores.parquet

READS   results/evaluation/scores.parquet
WRITES  a LaTeX tabular (packages: booktabs)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.scores import SCORES
from lib.paper import labels, latex
from lib.progress import Work

HEADER = [
    "model",
    "task",
    "arm",
    "seed",
    "decoder",
    "metric",
    "value [95 \\%]",
    "above greedy [95 \\%]",
    "items",
]
CELL = ["model", "task", "arm", "seed", "split", "decoder"]


def tabulate_scores(
    output: Annotated[Path, typer.Option(help="LaTeX file to write.")],
    scores: Annotated[Path, typer.Argument(help="Scores of the evaluation.")],
) -> None:
    """Tabulate the scores of all arms for LaTeX, with intervals."""
    with Work("paper_tabulate_scores", 1, "tables"):
        table = SCORES.read(scores)
        gains = labels.shown(table[table["metric"] == "accuracy_gain"]).set_index(CELL)
        table = labels.main_scores(table)
        table = table[table["decoder"].isin(labels.DECODERS)].to_dict("records")
        decoders = list(labels.DECODERS)
        table.sort(
            key=lambda row: (
                row["task"],
                row["model"],
                row["rank"] == row["rank"],  # base first
                labels.natural(row["arm"]),
                row["seed"],
                decoders.index(row["decoder"]),
            )
        )
        body, previous = [], None
        for row in table:
            if previous not in (None, (row["task"], row["model"])):
                body.append(None)
            previous = (row["task"], row["model"])
            metric = labels.METRICS[row["metric"]]
            words = [row["model"], row["task"], row["arm"], str(row["seed"]), labels.DECODERS[row["decoder"]]]
            value = latex.interval(row["value"], row["ci_low"], row["ci_high"], metric.digits)
            items = latex.number(row["n_items"], 0)
            key = tuple(row[name] for name in CELL)
            gain = ""
            if key in gains.index:
                gain = latex.interval(*gains.loc[key, ["value", "ci_low", "ci_high"]], metric.digits)
            body.append([*map(latex.escape, [*words, metric.label]), value, gain, items])
        latex.write(latex.tabular("lllrllrrr", HEADER, body), output)


if __name__ == "__main__":
    main(tabulate_scores)
