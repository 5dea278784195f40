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
from lib.contracts.lora import COSTS, FINISHED
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
        missing = figures.left_out([*labels.failed(table), *labels.packed(table)])
        table = table[(table["status"] == FINISHED) & (table["packed"] == 1)]
        if table.empty:
            return figures.nothing(output, "no adapter was trained in a process of its own")
        table = table.assign(
            series=table["model"] + ", " + table["task"] + ", " + table["arm"].map(labels.block)
        )
        colours = figures.colours(sorted(set(table["series"])))
        shapes = dict(zip(colours, "osD^vP*X" * 9, strict=False))
        parts = dict(zip(PARTS, ("black", "#777777", "#c4c4c4"), strict=True))

        figure, axes = figures.panels(1, 2, 3.4)
        peak, owned = axes[0]
        for ax in (peak, owned):
            table["place"] = figures.rank_axis(ax, table["rank"])
        for series, rows in table.groupby("series"):
            for column, line, fill in (("peak_bytes_train", "-", "full"), ("peak_bytes_load", ":", "none")):
                means = rows.groupby("place")[column].mean() / GIB
                style = {"marker": shapes[series], "fillstyle": fill, "color": colours[series], "alpha": 0.8}
                peak.plot(means.index, means, line, **style)
            for place, column in enumerate(PARTS):
                means = rows.groupby("place")[column].mean() / MIB
                style = {"marker": shapes[series], "linestyle": ("-", "-", "--")[place], "alpha": 0.8}
                owned.plot(means.index, means, **style, color=parts[column])
        for place, (column, name) in enumerate(PARTS.items()):
            owned.plot([], [], linestyle=("-", "-", "--")[place], color=parts[column], label=name)
        owned.set_yscale("log")
        figures.plain_log(owned.yaxis, figures.log_ticks(*owned.get_ylim(), _steps(*owned.get_ylim())))
        peak.set_ylim(0, 1.05 * table["peak_bytes_train"].max() / GIB)
        peak.set(title="peak memory of the process", ylabel="memory (GiB)")
        owned.set(title="parts that grow with what is trained", ylabel="memory (MiB)")
        owned.legend()
        for series, colour in colours.items():
            peak.plot([], [], marker=shapes[series], color=colour, label=series)
        peak.plot([], [], "-", marker="o", color=figures.GREY, label="in training")
        peak.plot([], [], ":", marker="o", fillstyle="none", color=figures.GREY, label="after loading")
        figure.legend(*peak.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        figures.note(figure, f"Means over seeds; n = {len(table)} trained adapters.{missing}")
        figures.save(figure, output)


def _steps(low, high):
    """Ticks in a decade of a logarithmic axis: the fewer, the more decades it spans."""
    return (1, 1.5, 2, 3, 5, 7) if high < 100 * low else (1, 3) if high < 10_000 * low else (1,)


if __name__ == "__main__":
    main(plot_memory_by_rank)
