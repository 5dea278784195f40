"""Draw what adapters forget against what they learn: bits per byte of general text by score on their task.

Example:
    python workflow/scripts/paper_plot_forgetting.py --corpus catalogs --output forgetting.pdf \
        results/evaluation/forgetting.parquet results/evaluation/scores.parquet

READS   results/evaluation/forgetting.parquet, results/evaluation/scores.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.forgetting import FORGETTING
from lib.contracts.scores import SCORES
from lib.grid import BASE
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd

CELL = ["model", "task", "arm", "seed"]
SHAPES = "osD^vP*X"  # of texts


def plot_forgetting(
    corpus: Annotated[str, typer.Option(help="Corpus that goes without saying, like catalogs.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    forgetting: Annotated[Path, typer.Argument(help="Bits per byte of held-out text.")],
    scores: Annotated[Path, typer.Argument(help="Scores of the evaluation.")],
) -> None:
    """Draw what adapters forget against what they learn, a panel for each task."""
    with Work("paper_plot_forgetting", 1, "figures"):
        changes = FORGETTING.read(forgetting)
        changes = changes[changes["metric"] == "change"]
        if changes.empty:
            return figures.nothing(output, "no arm reads held-out text")
        learnt = labels.main_scores(SCORES.read(scores))
        learnt = learnt[learnt["decoder"] == "greedy"].set_index(CELL)
        changes = changes.join(learnt[["value", "metric"]].add_prefix("score_"), on=CELL)
        drawn = changes[changes["score_value"].notna()]
        names = labels.texts(zip(changes["corpus"], changes["lang"], strict=True), corpus)
        shapes = dict(zip(names, SHAPES * len(names), strict=False))
        arms = sorted(set(_arms(changes)), key=lambda one: (one[0], labels.natural(one[1])))
        colours = dict(zip(arms, figures.colours(map(str, arms)).values(), strict=True))

        tasks = sorted(set(changes["task"]))
        figure, axes = figures.panels(1, len(tasks), 3.3)
        for ax, task in zip(axes.flat, tasks, strict=True):
            part = drawn[drawn["task"] == task]
            bases = [cell for model in set(part["model"]) if (cell := (model, task, BASE, 0)) in learnt.index]
            places = [*part["score_value"], *learnt["value"][bases].dropna()]
            width = max(places, default=1) - min(places, default=0) or 1
            ax.axhline(0, color=figures.GREY, linestyle="--", linewidth=1)
            for (*arm, place, lang), rows in part.groupby(["model", "arm", "corpus", "lang"]):
                aside = 0.015 * width * (list(names).index((place, lang)) - (len(names) - 1) / 2)
                look = {"color": colours[tuple(arm)], "fmt": shapes[place, lang]}
                figures.points(ax, rows["score_value"] + aside, rows, **look)
            for cell in bases:
                ax.plot(learnt["value"][cell], 0, "o", color=figures.GREY, mfc="white", zorder=3)
            metric = part["score_metric"].iloc[0] if len(part) else None
            ax.set(title=task, xlabel=labels.METRICS[metric].label if metric else "score")
            if part.empty:
                figures.empty(ax)
            else:
                ax.set_xlim(min(places) - 0.1 * width, max(places) + 0.1 * width)
        axes[0, 0].set_ylabel("bits per byte above the base")
        for model, arm in arms:
            label = arm if changes["model"].nunique() == 1 else f"{model}, {arm}"
            axes[0, 0].plot([], [], "s", color=colours[model, arm], label=label)
        for text, name in names.items():
            axes[0, 0].plot([], [], shapes[text], color="black", mfc="none", label=name)
        axes[0, 0].plot([], [], "o--", color=figures.GREY, mfc="white", label="base")
        figure.legend(loc="outside upper center", ncols=5)
        lost = len(changes) - len(drawn)
        figures.note(
            figure,
            f"Bars: 95 % intervals over documents, {figures.count(changes['n_docs'])} a text"
            + (f"; points without a score: {lost}." if lost else "."),
        )
        figures.save(figure, output)


def _arms(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(rows["model"], rows["arm"], strict=True))


if __name__ == "__main__":
    main(plot_forgetting)
