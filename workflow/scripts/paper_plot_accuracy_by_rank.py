"""Draw the score of every adapter by its rank, with the base model as a line.

Example:
    python workflow/scripts/paper_plot_accuracy_by_rank.py --output accuracy_by_rank.pdf \
        results/evaluation/scores.parquet

READS   results/evaluation/scores.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.scores import SCORES
from lib.paper import figures, labels
from lib.progress import Work


def plot_accuracy_by_rank(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    scores: Annotated[Path, typer.Argument(help="Scores of the evaluation.")],
) -> None:
    """Draw the score of every adapter by its rank, with the base model as a line."""
    with Work("paper_plot_accuracy_by_rank", 1, "figures"):
        table = labels.main_scores(SCORES.read(scores))
        table = table[table["decoder"] == "greedy"]
        if table.empty:
            return figures.nothing(output)
        table = table.assign(series=table["model"] + ", " + table["arm"].map(labels.block))
        ranked, unranked = table[table["rank"].notna()], table[table["rank"].isna()]
        tasks = sorted(set(table["task"]))
        colours = figures.colours(sorted(set(table["model"])))
        shapes = dict(zip(sorted(set(ranked["series"])), "osD^vP*X" * 9, strict=False))

        figure, axes = figures.panels(1, len(tasks), 3.3)
        for ax, task in zip(axes.flat, tasks, strict=True):
            rows = ranked[ranked["task"] == task]
            for _, flat in unranked[unranked["task"] == task].iterrows():
                _level(ax, flat, colours[flat["model"]])
            for place, (series, part) in enumerate(rows.groupby("series")):
                aside = 2 ** (0.25 * (place - (rows["series"].nunique() - 1) / 2))
                _curve(ax, part, colours[part["model"].iloc[0]], shapes[series], aside)
            metric = table[table["task"] == task]["metric"].iloc[0]
            ax.set_xscale("log", base=2)
            figures.plain_log(ax.xaxis, sorted(set(rows["rank"])))
            ax.set(title=task, xlabel="rank (logarithmic scale)", ylabel=labels.METRICS[metric].label)
            ax.set_ylim(bottom=0)
            if len(rows):
                ax.set_xlim(rows["rank"].min() / 1.5, rows["rank"].max() * 1.5)
        for series, shape in shapes.items():
            model = series.rsplit(", ", 1)[0]
            axes[0, 0].plot([], [], shape, linestyle="-", color=colours[model], label=series)
        for model, arm in sorted(set(zip(unranked["model"], unranked["arm"], strict=True))):
            axes[0, 0].plot([], [], linestyle="--", color=colours[model], label=f"{model}, {arm}")
        figure.legend(loc="outside upper center", ncols=2)
        seeds = table["seed"].nunique()
        figures.note(
            figure, f"{figures.over(table)} {'One seed' if seeds == 1 else f'Up to {seeds} seeds'} a point."
        )
        figures.save(figure, output)


def _level(ax, row, colour):
    """A model without a rank, as a horizontal line with its interval."""
    import pandas as pd

    if pd.isna(row["value"]):
        return
    # In front of the axis, where a value of zero lies.
    ax.axhline(row["value"], color=colour, linestyle="--", linewidth=1, zorder=3, clip_on=False)
    if not pd.isna(row["ci_low"]):
        ax.axhspan(row["ci_low"], row["ci_high"], color=colour, alpha=0.1, linewidth=0)


def _curve(ax, part, colour, shape, aside):
    """Each seed as a point with its interval, and a line through the means over seeds.

    Factors on the rank, of which ``aside`` is that of the series, set points side by side.
    """
    part = part.sort_values(["rank", "seed"])
    ranks = part.groupby("rank")["seed"]
    shift = 2 ** (0.12 * (ranks.cumcount() - (ranks.transform("size") - 1) / 2))
    figures.points(ax, part["rank"] * shift * aside, part, color=colour, fmt=shape)
    means = part.dropna(subset="value").groupby("rank")["value"].mean()
    ax.plot(means.index * aside, means, color=colour)


if __name__ == "__main__":
    main(plot_accuracy_by_rank)
