"""Draw how chains of low-rank updates converge on quadratics: the rate of RAC-LoRA, and a counterexample.

Example:
    python workflow/scripts/paper_plot_convergence.py --output convergence.pdf \
        results/expressivity/convergence.parquet

READS   results/expressivity/convergence.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.expressivity import CONVERGENCE
from lib.paper import figures
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

METHODS = {
    "full": "gradient descent",
    "lora": "LoRA",
    "cola": "chain of LoRA",
    "asymmetric": "one factor frozen",
    "rac": "RAC-LoRA",
}
FLOOR = 1e-12  # below it a run has arrived


def plot_convergence(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    convergence: Annotated[Path, typer.Argument(help="Convergence of chains.")],
) -> None:
    """Draw f_T / f_0 by step: RAC-LoRA against its theory, and five methods on the counterexample."""
    with Work("paper_plot_convergence", 1, "figures"):
        table = CONVERGENCE.read(convergence)
        figure, axes = figures.panels(1, 2, 3.3)
        rates, methods = axes[0]
        isotropic, example = (table[table["problem"] == name] for name in ("isotropic", "counterexample"))
        _rates(rates, isotropic)
        _methods(methods, example)
        for ax in (rates, methods):
            ax.set(xlabel="step T", yscale="log")
        rates.set_ylabel("$f_T / f_0$")
        figure.legend(*methods.get_legend_handles_labels(), loc="outside upper right", ncols=3)
        runs = figures.count(table["n_runs"])
        figures.note(
            figure,
            f"Left: means over {runs} runs, bars of three standard errors. Right: medians over {runs} runs, "
            "bands from the 5 % to the 95 % quantile.",
        )
        figures.save(figure, output)


def _rates(ax: Axes, table: pd.DataFrame) -> None:
    """Means of each rank with three standard errors, on the line of the theory."""
    import seaborn as sns
    from matplotlib.ticker import MaxNLocator

    ranks = sorted(set(table["rank"]))
    colours = dict(zip(ranks, sns.color_palette("flare", len(ranks)), strict=True))
    for rank, rows in table.groupby("rank"):
        ax.plot(rows["step"], rows["theory"], color=colours[rank])
        ax.errorbar(
            rows["step"],
            rows["mean"],
            yerr=3 * rows["standard_error"],
            fmt="o",
            markersize=2.5,
            color=colours[rank],
            label=f"rank {rank}",
        )
    ax.plot([], [], color=figures.GREY, label="$(1 - r/n)^T$")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set_title("RAC-LoRA with exact steps, n = 16")
    ax.legend()


def _methods(ax: Axes, table: pd.DataFrame) -> None:
    """Medians of each method, a cross where half of the runs have diverged, and how many do in the end."""
    colours = figures.colours(METHODS)
    for method, name in METHODS.items():
        rows = table[table["method"] == method].sort_values("step")
        lost = rows["n_diverged"].iloc[-1] / rows["n_runs"].iloc[-1]
        seen = rows[rows["median"] > FLOOR]
        label = name if lost == 0 else f"{name} ({100 * lost:.0f} % diverged)"
        ax.plot(seen["step"], seen["median"], color=colours[method], label=label)
        band = {"color": colours[method], "alpha": 0.15, "linewidth": 0}
        ax.fill_between(seen["step"], seen["low"], seen["high"], **band)
        if rows["median"].isna().any():
            ax.plot(seen["step"].iloc[-1], seen["median"].iloc[-1], "X", color=colours[method], markersize=6)
    ax.set(title="counterexample, updates of rank 1, steps of 1/L", ylim=(FLOOR, 1e6))


if __name__ == "__main__":
    main(plot_convergence)
