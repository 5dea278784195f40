"""Draw the score of every arm by its rank, over seeds and of each, with the base model as a line.

Example:
    python workflow/scripts/paper_plot_accuracy_by_rank.py --output accuracy_by_rank.pdf \
        results/evaluation/summary.parquet results/evaluation/scores.parquet results/lora/costs.parquet

READS   results/evaluation/summary.parquet, scores.parquet (single seeds); results/lora/costs.parquet (which
        trainings failed)
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.lora import COSTS
from lib.contracts.scores import SCORES, SUMMARY
from lib.grid import BASE
from lib.paper import figures, labels
from lib.progress import Work

ASIDE = 2**0.15  # single seeds stand to the right of their mean


def plot_accuracy_by_rank(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    summary: Annotated[Path, typer.Argument(help="Scores over seeds.")],
    scores: Annotated[Path, typer.Argument(help="Scores of each seed.")],
    costs: Annotated[Path, typer.Argument(help="Training costs.")],
) -> None:
    """Draw the score of every arm by its rank, over seeds and of each, with the base model as a line."""
    with Work("paper_plot_accuracy_by_rank", 1, "figures"):
        table, seeds = (
            _greedy(contract.read(path)) for contract, path in ((SUMMARY, summary), (SCORES, scores))
        )
        if table.empty:
            return figures.nothing(output)
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
            alone = seeds.merge(rows.loc[rows["n_seeds"] > 1, ["model", "task", "arm", "place"]])
            drawn = sorted(set(rows["family"]))
            for place, family in enumerate(drawn):
                aside = 2 ** (min(0.25, 0.8 / len(drawn)) * (place - (len(drawn) - 1) / 2))
                points = alone[alone["family"] == family]
                ax.plot(
                    points["place"] * aside * ASIDE, points["value"], ".", color=colours[family], alpha=0.5
                )
                _curve(ax, rows[rows["family"] == family], colours[family], shapes[family], aside)
            metric = table[here]["metric"].iloc[0]
            ax.set(title=f"{task}\n{labels.wrapped(model, 26)}", ylabel=labels.METRICS[metric].label)
            ax.set_ylim(bottom=0)
        for ax in axes.flat[len(panels) :]:
            ax.set_visible(False)
        for family, shape in shapes.items():
            axes[0, 0].plot([], [], shape, linestyle="-", color=colours[family], label=family)
        axes[0, 0].plot([], [], linestyle="--", color=figures.GREY, label=f"{BASE} (no adapter)")
        if len(alone := table[table["n_seeds"] > 1]):
            label = f"single seeds ({figures.count(alone['n_seeds'])} an arm)"
            axes[0, 0].plot([], [], ".", color=figures.GREY, label=label)
        figure.legend(loc="outside upper center", ncols=5)
        missing = figures.left_out(labels.failed(COSTS.read(costs)))
        figures.note(figure, f"{figures.over(table)}{missing}")
        figures.save(figure, output)


def _greedy(table):
    """What stands for each task, decoded greedily, with the family of each arm."""
    rows = labels.main_scores(table)
    rows = rows[rows["decoder"] == "greedy"]
    return rows.assign(family=rows["arm"].map(labels.block))


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
    """Means over seeds with their intervals, and a line through those that have a rank.

    Places are multiplied by ``aside``, which sets families side by side.
    """
    part = part.sort_values(["place", "arm"])
    figures.points(ax, part["place"] * aside, part, color=colour, fmt=shape)
    ranked = part.dropna(subset=["value", "rank"])
    ax.plot(ranked["rank"] * aside, ranked["value"], color=colour)


if __name__ == "__main__":
    main(plot_accuracy_by_rank)
