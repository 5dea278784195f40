"""Draw what a full fine-tuning loses when its update is cut to lower ranks, beside adapters of these ranks.

Example:
    python workflow/scripts/paper_plot_truncation.py --output truncation.pdf \
        results/expressivity/truncation.parquet

READS   results/expressivity/truncation.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.expressivity import TRUNCATION
from lib.paper import figures
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

METRICS = {"nll": "loss (nats a token)", "kl": "KL from the fine-tuned (nats a token)"}
LEVELS = {"base": ("before the fine-tuning", ":"), "full": ("full fine-tuning", "-")}
CURVES = {
    "truncated": ("the same, cut to the rank", "o"),
    "trained": ("adapter trained at the rank", "D"),
}
FLOOR = 1e-6  # nats a token; below it float32 tells nothing
HALF = {"linestyle": "--", "linewidth": 0.8}


def plot_truncation(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    truncation: Annotated[Path, typer.Argument(help="Losses of cut and of trained updates.")],
) -> None:
    """Draw losses, and distances from the full fine-tuning, by rank: of its cut updates, and of adapters."""
    with Work("paper_plot_truncation", 1, "figures"):
        table = TRUNCATION.read(truncation)
        if table.empty:
            return figures.nothing(output)
        cells = sorted(set(zip(table["model"], table["task"], strict=True)))
        colours = figures.colours([*LEVELS, *CURVES])
        figure, axes = figures.panels(len(cells), len(METRICS), 1.0 + 2.4 * len(cells))
        for line, (model, task) in zip(axes, cells, strict=True):
            mine = table[(table["model"] == model) & (table["task"] == task)]
            for ax, (metric, label) in zip(line, METRICS.items(), strict=True):
                _panel(ax, mine[mine["metric"] == metric], colours)
                ax.set(title=f"{task}, {model}", ylabel=label)
        first = axes[0, 0]
        for how, (name, dashes) in LEVELS.items():
            first.plot([], [], dashes, color=colours[how], label=name)
        for how, (name, shape) in CURVES.items():
            first.plot([], [], marker=shape, color=colours[how], label=name)
        first.plot([], [], color=figures.GREY, label="half the width", **HALF)
        figure.legend(*first.get_legend_handles_labels(), loc="outside upper center", ncols=3)
        figures.note(
            figure,
            f"Bars: 95 % intervals over {figures.count(table['n_items'])} items; a line for each seed. "
            "Half of the width is enough for Zeng & Lee's transformer, which is another architecture.",
        )
        figures.save(figure, output)


def _panel(ax: Axes, rows: pd.DataFrame, colours: dict[str, tuple]) -> None:
    """One metric of one model and task."""
    for how, (_, dashes) in LEVELS.items():
        for value in rows[rows["how"] == how]["value"]:
            if value > 0:  # no distance of the full fine-tuning from itself
                ax.axhline(value, color=colours[how], linestyle=dashes, linewidth=1)
    for how, (_, shape) in CURVES.items():
        for _, part in rows[rows["how"] == how].groupby("seed"):
            part = part[part["value"] > FLOOR].sort_values("rank")
            figures.points(ax, part["rank"], part, color=colours[how], fmt=shape)
            ax.plot(part["rank"], part["value"], color=colours[how])
    ax.axvline(rows["width"].iloc[0] / 2, color=figures.GREY, **HALF)
    highest = max(rows["rank"].max(), rows["width"].iloc[0])
    # Linear from no update to rank 1, logarithmic beyond.
    ax.set_xscale("symlog", base=2, linthresh=1)
    figures.plain_log(ax.xaxis, [0, *(4**power for power in range(12) if 4**power <= highest)])
    ax.set(xlabel="rank", xlim=(-0.3, 1.3 * highest))
    if rows["metric"].iloc[0] == "kl":
        ax.set_yscale("log")


if __name__ == "__main__":
    main(plot_truncation)
