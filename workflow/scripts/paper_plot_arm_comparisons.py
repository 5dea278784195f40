"""Draw how far each arm is from the one that it is compared with, and what the run could have seen.

Example:
    python workflow/scripts/paper_plot_arm_comparisons.py --output arm_comparisons.pdf \
        results/evaluation/comparisons.parquet

READS   results/evaluation/comparisons.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.scores import COMPARISONS
from lib.paper import figures, labels
from lib.progress import Work


def plot_arm_comparisons(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    comparisons: Annotated[Path, typer.Argument(help="Paired differences of arms.")],
) -> None:
    """Draw how far each arm is from the one that it is compared with, and what the run could have seen."""
    with Work("paper_plot_arm_comparisons", 1, "figures"):
        table = labels.main_scores(COMPARISONS.read(comparisons))
        table = table[table["decoder"] == "greedy"]
        if table.empty:
            return figures.nothing(output, "no two arms of a model and task share a seed")
        parts = [
            table[(table["task"] == task) & (table["model"] == model)] for task, model in labels.panels(table)
        ]
        heights = [0.75 + 0.2 * len(part) for part in parts]
        colour = figures.colours(["any"])["any"]

        figure, axes = figures.panels(len(parts), 1, 0.6 + sum(heights), height_ratios=heights)
        for ax, part in zip(axes.flat, parts, strict=True):
            arms = labels.arms(part)
            rows = part.set_index("arm").loc[arms]
            figures.differences(ax, rows, [colour] * len(arms))
            task, model, metric, reference = rows[["task", "model", "metric", "reference"]].iloc[0]
            ax.set(title=f"{task}, {model}", xlabel=labels.above(metric, reference))
            ax.set(yticks=range(len(arms)), yticklabels=arms, ylim=(len(arms) - 0.4, -0.6))
        points = {"linestyle": "", "marker": "o", "color": colour}
        axes[0, 0].plot([], [], **points, label="differs (p below 0.05, corrected by Holm)")
        axes[0, 0].plot([], [], **points, fillstyle="none", label="not shown to differ")
        axes[0, 0].barh([0], [0], color=figures.PALE, label="below what 80 % of such runs would find")
        figure.legend(loc="outside upper center", ncols=3)
        figures.note(figure, figures.over(table))
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_arm_comparisons)
