"""Tabulate the scores of all arms for LaTeX, with intervals; dashes where a training failed.

Example:
    python workflow/scripts/paper_tabulate_scores.py --output scores.tex \
        results/evaluation/scores.parquet results/lora/costs.parquet

READS   results/evaluation/scores.parquet, results/lora/costs.parquet (which trainings failed)
WRITES  a LaTeX tabular (packages: booktabs)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.lora import COSTS, FINISHED
from lib.contracts.scores import SCORES
from lib.grid import BASE
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
    costs: Annotated[Path, typer.Argument(help="Training costs.")],
) -> None:
    """Tabulate the scores of all arms for LaTeX, with intervals."""
    with Work("paper_tabulate_scores", 1, "tables"):
        table = SCORES.read(scores)
        gains = labels.shown(table[table["metric"] == "accuracy_gain"]).set_index(CELL)
        table = labels.main_scores(table)
        names = [*labels.decoders(table["decoder"]), labels.PER_BYTE]
        table = table.to_dict("records")
        spent = COSTS.read(costs)
        table += spent[spent["status"] != FINISHED].to_dict("records")
        decoders = [None, *names]
        table.sort(
            key=lambda row: (
                row["task"],
                row["model"],
                row["arm"] != BASE,
                labels.natural(row["arm"]),
                row["seed"],
                decoders.index(row.get("decoder")),
            )
        )
        body, previous = [], None
        for row in table:
            if previous not in (None, (row["task"], row["model"])):
                body.append(None)
            previous = (row["task"], row["model"])
            if "metric" not in row:
                words = [row["model"], row["task"], labels.outcome(row), str(row["seed"])]
                body.append([*map(latex.escape, words), *[latex.NONE] * (len(HEADER) - len(words))])
                continue
            metric = labels.METRICS[row["metric"]]
            words = [row["model"], row["task"], row["arm"], str(row["seed"]), labels.decoder(row["decoder"])]
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
