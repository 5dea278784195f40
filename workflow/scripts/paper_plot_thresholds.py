"""Draw how far low-rank updates leave the models of Zeng & Lee (2024) from their targets, by rank.

Example:
    python workflow/scripts/paper_plot_thresholds.py --output thresholds.pdf \
        results/expressivity/thresholds.parquet

READS   results/expressivity/thresholds.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.expressivity import THRESHOLDS
from lib.paper import figures
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MODELS = ("linear", "feedforward", "transformer")
COLUMNS = 3
WAYS = {"constructed": ("updates of the proof", "o"), "trained": ("LoRA trained by Adam", "s")}
BOUND = {"linewidth": 4, "alpha": 0.35}
LINE = {"linestyle": "--", "linewidth": 0.8}


def plot_thresholds(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    thresholds: Annotated[Path, typer.Argument(help="Errors of low-rank updates.")],
) -> None:
    """Draw the error of low-rank updates by rank, with the rank from which the theorem promises none."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    with Work("paper_plot_thresholds", 1, "figures"):
        table = THRESHOLDS.read(thresholds)
        kinds = sorted(
            set(zip(table["model"], table["depth"], strict=True)),
            key=lambda kind: (MODELS.index(kind[0]), kind[1]),
        )
        count = -(-len(kinds) // COLUMNS)
        figure, axes = figures.panels(count, COLUMNS, 1.0 + 2.0 * count, sharey="row")
        colours = figures.colours([*WAYS, "bound"])
        for place, (ax, (model, depth)) in enumerate(zip(axes.flat, kinds, strict=False)):
            mine = table[(table["model"] == model) & (table["depth"] == depth)]
            bound = mine[(mine["how"] == "bound") & (mine["error"] > 0)].groupby("rank")["error"].median()
            ax.plot(bound.index, bound, color=colours["bound"], **BOUND)
            for how, (_, shape) in WAYS.items():
                _series(ax, mine[mine["how"] == how], colours[how], shape)
            ax.axvline(mine["threshold"].iloc[0], color=figures.GREY, **LINE)
            layers = f"{depth} layer{'' if depth == 1 else 's'}"
            ax.set(title=f"{model}, {layers}", xlabel="rank of each update", yscale="log")
            ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            ax.yaxis.set_major_locator(LogLocator(numticks=7))
            if place % COLUMNS == 0:
                ax.set_ylabel(mine["measure"].iloc[0])
        for ax in axes.flat[len(kinds) :]:
            ax.set_visible(False)
        first = axes[0, 0]
        for how, (name, shape) in WAYS.items():
            first.plot([], [], shape, linestyle="-", color=colours[how], label=name)
        first.plot([], [], color=colours["bound"], label="least possible error", **BOUND)
        first.plot([], [], color=figures.GREY, label="threshold of the theorem", **LINE)
        figure.legend(*first.get_legend_handles_labels(), loc="outside upper center", ncols=4)
        seeds, size = table["seed"].nunique(), figures.count(table["dimension"])
        figures.note(
            figure,
            f"Points: {seeds} random pairs of a frozen model and a target, matrices of {size} x {size}; "
            "lines: medians. All in float64.",
        )
        figures.save(figure, output)


def _series(ax: Axes, rows: pd.DataFrame, colour: tuple, shape: str) -> None:
    """A point for each seed, and a line through the medians."""
    medians = rows.groupby("rank")["error"].median()
    ax.plot(medians.index, medians, color=colour)
    ax.plot(rows["rank"], rows["error"], shape, color=colour, markersize=3, alpha=0.5)


if __name__ == "__main__":
    main(plot_thresholds)
