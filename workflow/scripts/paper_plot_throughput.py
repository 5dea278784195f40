"""Draw how fast each arm trains and decodes, and what energy that takes where the machine tells it.

Example:
    python workflow/scripts/paper_plot_throughput.py --output throughput.pdf results/lora/memory.parquet

READS   results/lora/memory.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.lora import MEMORY
from lib.paper import figures, labels
from lib.progress import Work

LABELS = {"train": "tokens read a second in training", "evaluate": "tokens written a second in decoding"}
AT_END = {"xytext": (3, 0), "textcoords": "offset points", "va": "center", "fontsize": 6.5}


def plot_throughput(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    memory: Annotated[Path, typer.Argument(help="Costs of each arm by phase.")],
) -> None:
    """Draw how fast each arm trains and decodes, and what energy that takes where the machine tells it."""
    with Work("paper_plot_throughput", 1, "figures"):
        table = MEMORY.read(memory).dropna(subset="tokens_per_second")
        if table.empty:
            return figures.nothing(output)
        parts = [
            table[(table["task"] == task) & (table["model"] == model)] for task, model in labels.panels(table)
        ]
        heights = [0.6 + 0.22 * part["arm"].nunique() for part in parts]
        colour = figures.colours(["any"])["any"]

        figure, axes = figures.panels(len(parts), 2, 0.6 + sum(heights), sharey="row", height_ratios=heights)
        for line, part in zip(axes, parts, strict=True):
            arms = labels.arms(part)
            for ax, phase in zip(line, LABELS, strict=True):
                rows = part[part["phase"] == phase].set_index("arm").reindex(arms)
                ax.barh(range(len(arms)), rows["tokens_per_second"], 0.6, color=colour)
                for place, row in enumerate(rows.itertuples()):
                    ax.annotate(_text(row), (row.tokens_per_second, place), **AT_END)
                ax.set_xlim(0, 1.45 * rows["tokens_per_second"].max())
            line[0].set(yticks=range(len(arms)), yticklabels=arms, ylim=(len(arms) - 0.4, -0.6))
            line[0].set_title(f"{part['task'].iloc[0]}, {part['model'].iloc[0]}", loc="left")
        for ax, label in zip(axes[-1], LABELS.values(), strict=True):
            ax.set_xlabel(label)
        energy = "" if table["joules"].notna().any() else " The machine did not tell what energy they took."
        devices = ", ".join(sorted(set(table["device"])))
        figures.note(figure, f"Each arm alone on the machine, computing on: {devices}.{energy}")
        figures.save(figure, output)


def _text(row) -> str:
    """What stands at the end of a bar: seconds a step in training, joules a token where they are known."""
    found = [f"{row.seconds_per_step:#.2g} s a step"] if row.seconds_per_step == row.seconds_per_step else []
    found += [f"{row.joules / row.tokens:#.2g} J a token"] if row.joules == row.joules else []
    return ", ".join(found)


if __name__ == "__main__":
    main(plot_throughput)
