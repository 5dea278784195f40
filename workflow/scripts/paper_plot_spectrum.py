"""Draw the rank of what a full fine-tuning did to each matrix: residuals by rank, and ranks by layer.

Example:
    python workflow/scripts/paper_plot_spectrum.py --output spectrum.pdf \
        results/expressivity/spectrum.parquet results/expressivity/updates.parquet

READS   results/expressivity/spectrum.parquet, results/expressivity/updates.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.expressivity import SPECTRUM, UPDATES
from lib.paper import figures
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_spectrum(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    spectrum: Annotated[Path, typer.Argument(help="Singular values of updates.")],
    updates: Annotated[Path, typer.Argument(help="Updates, a row for each matrix.")],
) -> None:
    """Draw residuals of updates by rank, and their ranks by layer, for each kind of matrix."""
    with Work("paper_plot_spectrum", 1, "figures"):
        values, matrices = SPECTRUM.read(spectrum), UPDATES.read(updates)
        if matrices["stable_rank"].isna().all():
            return figures.nothing(output, "no full fine-tuning that changed a model is taken apart")
        cells = sorted(set(zip(matrices["model"], matrices["task"], strict=True)))
        colours = figures.colours(matrices["kind"])
        figure, axes = figures.panels(len(cells), 3, 0.9 + 2.2 * len(cells))
        for line, (model, task) in zip(axes, cells, strict=True):
            mine = matrices[(matrices["model"] == model) & (matrices["task"] == task)]
            of_values = values[(values["model"] == model) & (values["task"] == task)]
            _residuals(line[0], of_values, colours)
            _by_layer(line[1], mine, "rank_90", colours)
            _by_layer(line[2], mine, "stable_rank", colours)
            line[0].set(title=f"{task}, {model}", ylabel="least relative error", xlabel="rank kept")
            line[1].set(title="rank for 90 % of the squared norm", ylabel="rank", xlabel="layer")
            line[2].set(title="stable rank", ylabel="rank", xlabel="layer")
        for kind, colour in colours.items():
            axes[0, 0].plot([], [], color=colour, label=kind)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=7)
        seeds = figures.count(matrices.groupby(["model", "task"])["seed"].nunique())
        figures.note(figure, f"Left: medians over layers; all: medians over seeds ({seeds} each).")
        figures.save(figure, output)


def _residuals(ax: Axes, values: pd.DataFrame, colours: dict[str, tuple]) -> None:
    """The Eckart-Young residual by rank, a line for each kind of matrix."""
    for kind, rows in values.groupby("kind"):
        medians = rows.groupby("index")["residual"].median()
        ax.plot(medians.index, medians, color=colours[kind])
    ax.set_xscale("log", base=2)
    highest = values["index"].max()
    figures.plain_log(ax.xaxis, [4**power for power in range(9) if 4**power <= highest])
    ax.set_ylim(0, 1)


def _by_layer(ax: Axes, matrices: pd.DataFrame, column: str, colours: dict[str, tuple]) -> None:
    """A statistic of each matrix by its layer, a line for each kind."""
    from matplotlib.ticker import MaxNLocator

    for kind, rows in matrices.groupby("kind"):
        medians = rows.groupby("layer")[column].median()
        ax.plot(medians.index, medians, marker="o", markersize=2.5, color=colours[kind])
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))


if __name__ == "__main__":
    main(plot_spectrum)
