"""Draw the dev loss of every learning rate that was tried, arm by arm.

Example:
    python workflow/scripts/paper_plot_learning_rate.py --output learning_rate.pdf results/lora/tuning.parquet

READS   results/lora/tuning.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.lora import FINISHED, STOPPED, TUNING
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_learning_rate(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    table: Annotated[Path, typer.Argument(help="Dev losses of the learning rates.")],
) -> None:
    """Draw the dev loss of every learning rate that was tried, arm by arm."""
    with Work("paper_plot_learning_rate", 1, "figures"):
        tried = TUNING.read(table)
        if tried.empty:
            return figures.nothing(output, "no learning rate is tuned")
        # The last that is known of each rate; a loss before it failed says nothing of what it came to.
        failed = ~tried["status"].isin([FINISHED, STOPPED])
        kept = tried[~failed].sort_values("step")
        last = kept.groupby(["model", "task", "arm", "learning_rate"]).tail(1)
        panels = sorted(set(zip(tried["task"], tried["model"], strict=True)))
        columns = min(3, len(panels))
        rows = -(-len(panels) // columns)
        figure, axes = figures.panels(rows, columns, 1.0 + 2.3 * rows)
        colours = figures.shades(sorted(set(tried["arm"]), key=labels.natural))
        for (task, model), ax in zip(panels, axes.flat, strict=False):
            here = (tried["task"] == task) & (tried["model"] == model)
            for arm, rows in last[(last["task"] == task) & (last["model"] == model)].groupby("arm"):
                _curve(ax, rows.sort_values("learning_rate"), colours[arm])
            for rate in sorted(set(tried.loc[here & failed, "learning_rate"])):
                ax.text(rate, 0.99, "×", transform=ax.get_xaxis_transform(), ha="center", va="top")
            rates = sorted(set(tried.loc[here, "learning_rate"]))
            ax.set_xscale("log")
            figures.plain_log(ax.xaxis, rates)
            ax.set_xlim(rates[0] / 1.5, rates[-1] * 1.5)
            ax.set(title=f"{task}\n{labels.wrapped(model, 26)}", xlabel="peak learning rate")
        for ax in axes[:, 0]:
            ax.set_ylabel("dev loss (nats per target token)")
        for ax in axes.flat[len(panels) :]:
            ax.set_visible(False)
        for arm, colour in colours.items():
            axes[0, 0].plot([], [], color=colour, label=arm)
        figure.legend(loc="outside upper center", ncols=6)
        said = "Filled: trained to the end; ringed: chosen; hollow: stopped early, at its last loss"
        seed = f"Seed {figures.count(tried['seed'])}; the test split was not read."
        note = f"{said}; ×: diverged, or out of memory.\n{seed}"
        figures.note(figure, note)
        figures.save(figure, output)


def _curve(ax: Axes, rows: pd.DataFrame, colour: object) -> None:
    """The losses of one arm, in the order of learning rates."""
    ax.plot(rows["learning_rate"], rows["dev_loss"], color=colour, linewidth=0.8, linestyle=":")
    for status, face in ((FINISHED, colour), (STOPPED, "white")):
        part = rows[rows["status"] == status]
        points = {"marker": "o", "linestyle": "", "color": colour, "markerfacecolor": face}
        ax.plot(part["learning_rate"], part["dev_loss"], **points)
    best = rows[rows["chosen"]]
    ring = {"marker": "o", "linestyle": "", "color": colour, "markerfacecolor": "none", "markersize": 8}
    ax.plot(best["learning_rate"], best["dev_loss"], **ring)


if __name__ == "__main__":
    main(plot_learning_rate)
