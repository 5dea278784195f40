"""Draw the score of every adapter by its rank, with the base model as a line.

Example:
    python workflow/scripts/paper_plot_accuracy_by_rank.py --output accuracy_by_rank.pdf \
        results/evaluation/scores.parquet results/lora/costs.parquet

READS   results/evaluation/scores.parquet, results/lora/costs.parquet (which trainings failed)
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.lora import COSTS
from lib.contracts.scores import SCORES
from lib.grid import BASE
from lib.paper import figures, labels
from lib.progress import Work


def plot_accuracy_by_rank(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    scores: Annotated[Path, typer.Argument(help="Scores of the evaluation.")],
    costs: Annotated[Path, typer.Argument(help="Training costs.")],
) -> None:
    """Draw the score of every adapter by its rank, with the base model as a line."""
    with Work("paper_plot_accuracy_by_rank", 1, "figures"):
        table = labels.main_scores(SCORES.read(scores))
        table = table[table["decoder"] == "greedy"]
        if table.empty:
            return figures.nothing(output)
        table = table.assign(family=table["arm"].map(labels.block))
        is_base = table["arm"] == BASE
        panels = sorted(set(zip(table["task"], table["model"], strict=True)))
        families = sorted(set(table[~is_base]["family"]))
        colours = figures.colours(families)
        shapes = dict(zip(families, "osD^vP*X" * 9, strict=False))
        columns = min(3, len(panels))
        count = -(-len(panels) // columns)

        figure, axes = figures.panels(count, columns, 1.0 + 2.3 * count)
        for ax, (task, model) in zip(axes.flat, panels, strict=False):
            here = (table["task"] == task) & (table["model"] == model)
            rows = table[here & ~is_base]
            rows = rows.assign(place=figures.rank_axis(ax, rows["rank"]))
            for _, flat in table[here & is_base].iterrows():
                _level(ax, flat)
            drawn = sorted(set(rows["family"]))
            for place, family in enumerate(drawn):
                aside = 2 ** (min(0.25, 0.8 / len(drawn)) * (place - (len(drawn) - 1) / 2))
                _curve(ax, rows[rows["family"] == family], colours[family], shapes[family], aside)
            metric = table[here]["metric"].iloc[0]
            ax.set(title=f"{task}\n{labels.wrapped(model, 26)}", ylabel=labels.METRICS[metric].label)
            ax.set_ylim(bottom=0)
        for ax in axes.flat[len(panels) :]:
            ax.set_visible(False)
        for family, shape in shapes.items():
            axes[0, 0].plot([], [], shape, linestyle="-", color=colours[family], label=family)
        axes[0, 0].plot([], [], linestyle="--", color=figures.GREY, label=f"{BASE} (no adapter)")
        figure.legend(loc="outside upper center", ncols=5)
        seeds = table["seed"].nunique()
        often = "One seed" if seeds == 1 else f"Up to {seeds} seeds"
        missing = figures.left_out(labels.failed(COSTS.read(costs)))
        figures.note(figure, f"{figures.over(table)} {often} a point.{missing}")
        figures.save(figure, output)


def _level(ax, row):
    """The model without an adapter, as a horizontal line with its interval."""
    import pandas as pd

    if pd.isna(row["value"]):
        return
    # In front of the axis, where a value of zero lies.
    ax.axhline(row["value"], color=figures.GREY, linestyle="--", linewidth=1, zorder=3, clip_on=False)
    if not pd.isna(row["ci_low"]):
        ax.axhspan(row["ci_low"], row["ci_high"], color=figures.GREY, alpha=0.1, linewidth=0)


def _curve(ax, part, colour, shape, aside):
    """Each seed as a point with its interval, and a line through the means over seeds of what has a rank.

    Factors on the place, of which ``aside`` is that of the family, set points side by side.
    """
    part = part.sort_values(["place", "arm", "seed"])
    places = part.groupby("place")["seed"]
    shift = 2 ** (0.12 * (places.cumcount() - (places.transform("size") - 1) / 2))
    figures.points(ax, part["place"] * shift * aside, part, color=colour, fmt=shape)
    means = part.dropna(subset=["value", "rank"]).groupby("rank")["value"].mean()
    ax.plot(means.index * aside, means, color=colour)


if __name__ == "__main__":
    main(plot_accuracy_by_rank)
