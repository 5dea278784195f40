"""Draw what training costs in memory, by rank: the peak, and the parts that a rank decides.

Example:
    python workflow/scripts/paper_plot_memory_by_rank.py --output memory_by_rank.pdf \
        results/lora/costs.parquet

READS   results/lora/costs.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.lora import COSTS
from lib.paper import figures, labels
from lib.progress import Work

GIB, MIB = 2**30, 2**20
PARTS = {
    "optimizer_bytes": "optimizer state",
    "gradient_bytes": "gradients",
    "adapter_bytes": "saved adapter",
}


def plot_memory_by_rank(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    costs: Annotated[Path, typer.Argument(help="Training costs.")],
) -> None:
    """Draw what training costs in memory, by rank: the peak, and the parts that a rank decides."""
    with Work("paper_plot_memory_by_rank", 1, "figures"):
        table = COSTS.read(costs)
        if table.empty:
            return figures.nothing(output)
        table = table.assign(
            series=table["model"] + ", " + table["task"] + ", " + table["arm"].map(labels.block)
        )
        colours = figures.colours(sorted(set(table["series"])))
        shapes = dict(zip(colours, "osD^vP*X" * 9, strict=False))
        shared = figures.colours([*colours, *PARTS])  # no colour means two things
        parts = {column: shared[column] for column in PARTS}

        figure, axes = figures.panels(1, 2, 3.4)
        peak, owned = axes[0]
        for series, rows in table.groupby("series"):
            for column, line, fill in (("peak_bytes_train", "-", "full"), ("peak_bytes_load", ":", "none")):
                means = rows.groupby("rank")[column].mean() / GIB
                style = {"marker": shapes[series], "fillstyle": fill, "color": colours[series], "alpha": 0.8}
                peak.plot(means.index, means, line, **style)
            for place, column in enumerate(PARTS):
                means = rows.groupby("rank")[column].mean() / MIB
                style = {"marker": shapes[series], "linestyle": ("-", "-", "--")[place], "alpha": 0.8}
                owned.plot(means.index, means, **style, color=parts[column])
        for place, (column, name) in enumerate(PARTS.items()):
            owned.plot([], [], linestyle=("-", "-", "--")[place], color=parts[column], label=name)
        for ax in (peak, owned):
            ax.set_xscale("log", base=2)
            figures.plain_log(ax.xaxis, sorted(set(table["rank"])))
            ax.margins(x=0.08)
        owned.set_yscale("log")
        figures.plain_log(owned.yaxis, figures.log_ticks(*owned.get_ylim(), (1, 1.5, 2, 3, 5, 7)))
        peak.set_ylim(0, 1.05 * table["peak_bytes_train"].max() / GIB)
        peak.set(title="peak memory of the process", xlabel="rank (logarithmic scale)", ylabel="memory (GiB)")
        owned.set(
            title="parts that grow with the rank", xlabel="rank (logarithmic scale)", ylabel="memory (MiB)"
        )
        owned.legend()
        for series, colour in colours.items():
            peak.plot([], [], marker=shapes[series], color=colour, label=series)
        peak.plot([], [], "-", marker="o", color=figures.GREY, label="in training")
        peak.plot([], [], ":", marker="o", fillstyle="none", color=figures.GREY, label="after loading")
        figure.legend(*peak.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        figures.note(figure, f"Means over seeds; n = {len(table)} trained adapters.")
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_memory_by_rank)
