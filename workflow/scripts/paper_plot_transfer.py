"""Draw what a gradient step of one task does to another against the cosine between their gradients.

Example:
    python workflow/scripts/paper_plot_transfer.py --output transfer.pdf \
        results/interference/transfer.parquet results/interference/cosines.parquet

READS   results/interference/transfer.parquet, results/interference/cosines.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.cli import main
from lib.contracts.interference import COSINES, TRANSFER
from lib.paper import figures
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd


def plot_transfer(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    transfer: Annotated[Path, typer.Argument(help="One-step transfer.")],
    cosines: Annotated[Path, typer.Argument(help="Gradient cosines.")],
) -> None:
    """Draw the loss that a step of one task saves of another, against the cosine of their gradients."""
    with Work("paper_plot_transfer", 1, "figures"):
        saved, table = TRANSFER.read(transfer), COSINES.read(cosines)
        if saved.empty:
            return figures.nothing(output)
        models = sorted(set(saved["model"]))
        tasks = sorted(set(saved["task"]) | set(saved["other"]))
        colours = figures.colours(tasks)
        shapes = dict(zip(tasks, "osD^vP*X" * 9, strict=False))
        points = _joined(saved, table[table["grouped"] == "model"])

        figure, axes = figures.panels(1, len(models), 3.4, sharey=True)
        for ax, model in zip(axes[0], models, strict=True):
            for row in points[points["model"] == model].to_dict("records"):
                ax.errorbar(
                    row["corrected"],
                    100 * row["transfer"],
                    xerr=_around(row, "corrected", "corrected_low", "corrected_high", 1),
                    yerr=_around(row, "transfer", "ci_low", "ci_high", 100),
                    fmt=shapes[row["task"]],
                    color=colours[row["other"]],
                    elinewidth=0.8,
                )
            ax.axhline(0, color=figures.GREY, linewidth=0.7)
            ax.axvline(0, color=figures.GREY, linewidth=0.7)
            ax.set(title=model, xlabel="cosine between gradients, without noise")
        first = axes[0, 0]
        first.set_ylabel("loss saved by one step (%)")
        for task in tasks:
            first.plot([], [], "o", color=colours[task], label=f"measured: {task}")
        for task in tasks:
            first.plot([], [], shapes[task], color=figures.GREY, label=f"step: {task}")
        figure.legend(*first.get_legend_handles_labels(), loc="outside upper center", ncols=4)
        unknown = points["corrected"].isna().sum()
        figures.note(
            figure,
            f"Steps of {saved['step'].iloc[0]:g} of the weights' norm. Bars: 95 % intervals over batches and "
            f"over {figures.count(saved['n_items'])} items."
            + (f" Not shown: {unknown} without a cosine." if unknown else ""),
        )
        figures.save(figure, output)


def _joined(saved: pd.DataFrame, cosines: pd.DataFrame) -> pd.DataFrame:
    """Each step and measured task with the cosine of the two, which has no direction."""
    import pandas as pd

    columns = ["corrected", "corrected_low", "corrected_high"]
    one = cosines[["model", "task", "other", *columns]]
    swapped = one.rename(columns={"task": "other", "other": "task"})
    both = pd.concat([one, swapped]).drop_duplicates(["model", "task", "other"])
    return saved.merge(both, on=["model", "task", "other"], how="left")


def _around(row: dict[str, Any], value: str, low: str, high: str, factor: float) -> list[list[float]]:
    """Lengths of a bar below and above a value; none where an end is not known."""
    import numpy as np

    ends = [row[value] - row[low], row[high] - row[value]]
    return [[factor * max(0.0, float(np.nan_to_num(end)))] for end in ends]


if __name__ == "__main__":
    main(plot_transfer)
