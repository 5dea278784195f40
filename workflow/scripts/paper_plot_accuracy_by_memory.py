"""Draw the score of every arm against its memory in training, with the Pareto front.

Example:
    python workflow/scripts/paper_plot_accuracy_by_memory.py --output accuracy_by_memory.pdf \
        results/evaluation/summary.parquet results/lora/memory.parquet

READS   results/evaluation/summary.parquet, results/lora/memory.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.lora import MEMORY
from lib.contracts.scores import SUMMARY
from lib.paper import figures, labels
from lib.paper.pareto import front
from lib.progress import Work

GIB = 2**30


def plot_accuracy_by_memory(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    summary: Annotated[Path, typer.Argument(help="Scores over seeds.")],
    memory: Annotated[Path, typer.Argument(help="Memory of each arm by phase.")],
) -> None:
    """Draw the score of every arm against its memory in training, with the Pareto front."""
    with Work("paper_plot_accuracy_by_memory", 1, "figures"):
        scores = labels.main_scores(SUMMARY.read(summary))
        phases = MEMORY.read(memory)
        peaks = phases[phases["phase"] == "train"].dropna(subset="peak_bytes")
        key = ["model", "task", "arm"]
        table = scores[scores["decoder"] == "greedy"].merge(peaks[[*key, "peak_bytes"]], on=key)
        table = table.dropna(subset="value")
        if table.empty:
            return figures.nothing(output, "no arm of lora.probe has a score")
        panels = labels.panels(table)
        columns = min(2, len(panels))
        count = -(-len(panels) // columns)
        arms = labels.arms(table)
        colours = figures.colours(arms)
        families = sorted(set(map(labels.block, arms)))
        shapes = dict(zip(families, "osD^vP*X" * 9, strict=False))

        figure, axes = figures.panels(count, columns, 1.3 + 2.4 * count)
        for ax, (task, model) in zip(axes.flat, panels, strict=False):
            rows = table[(table["task"] == task) & (table["model"] == model)].sort_values("peak_bytes")
            peak = rows["peak_bytes"] / GIB
            best = front(peak.tolist(), rows["value"].tolist())
            ax.step(peak[best], rows["value"][best], where="post", color=figures.GREY, linewidth=0.8)
            for place, (arm, kept) in enumerate(zip(rows["arm"], best, strict=True)):
                look = {"color": colours[arm], "fmt": shapes[labels.block(arm)]}
                fill = "full" if kept else "none"
                figures.points(ax, peak.iloc[[place]], rows.iloc[[place]], fillstyle=fill, **look)
            ax.set(title=f"{task}\n{labels.wrapped(model, 26)}", xlabel="peak memory in training (GiB)")
            ax.set(ylabel=labels.METRICS[rows["metric"].iloc[0]].label)
            ax.set_ylim(bottom=0)
            ax.margins(x=0.1)
        for ax in axes.flat[len(panels) :]:
            ax.set_visible(False)
        for arm in arms:
            axes[0, 0].plot([], [], shapes[labels.block(arm)], color=colours[arm], label=arm)
        axes[0, 0].plot([], [], color=figures.GREY, linewidth=0.8, label="Pareto front")
        figure.legend(loc="outside upper center", ncols=5)
        figures.note(figure, f"{figures.over(table)}\nFilled: on the front of the mean scores.")
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_accuracy_by_memory)
