"""Draw what each way of decoding gets: greedy, CoT-decoding, votes, samples, beams, oracles.

Example:
    python workflow/scripts/paper_plot_decoding.py --output decoding.pdf results/evaluation/summary.parquet

READS   results/evaluation/summary.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.scores import SUMMARY
from lib.paper import figures, labels
from lib.progress import Work


def plot_decoding(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    summary: Annotated[Path, typer.Argument(help="Scores over seeds.")],
) -> None:
    """Draw what each way of decoding gets: greedy, CoT-decoding, votes, samples, beams, oracles."""
    with Work("paper_plot_decoding", 1, "figures"):
        table = labels.main_scores(SUMMARY.read(summary))
        cell = ["model", "task", "arm"]
        others = [name for name in labels.decoders(table["decoder"]) if name != labels.GREEDY]
        branched = table[table["decoder"].isin(others)][cell].drop_duplicates()
        table = table.merge(branched, on=cell)
        if table.empty:
            return figures.nothing(output)
        panels = sorted(set(zip(table["task"], table["model"], strict=True)))
        arms = sorted(set(table["arm"]), key=labels.natural)
        most = branched.groupby(["task", "model"]).size().max()
        colours = figures.colours(arms)
        decoders = labels.decoders(table["decoder"])

        height = 1.2 + 0.12 * len(decoders) * max(most, 2)
        figure, axes = figures.panels(len(panels), 1, height * len(panels))
        for ax, (task, model) in zip(axes.flat, panels, strict=True):
            rows = table[(table["task"] == task) & (table["model"] == model)]
            drawn = [arm for arm in arms if arm in set(rows["arm"])]
            for place, arm in enumerate(drawn):
                part = rows[rows["arm"] == arm].set_index("decoder").reindex(decoders)
                offset = 0.7 / len(drawn) * (place - (len(drawn) - 1) / 2)
                positions = [number + offset for number in range(len(decoders))]
                figures.points(ax, positions, part, horizontal=True, color=colours[arm])
                for position, value, high in zip(positions, part["value"], part["ci_high"], strict=True):
                    if value == value:  # not missing
                        end = high if high == high else value
                        ax.annotate(
                            f"{value:.1f}",
                            (end, position),
                            xytext=(4, 0),
                            textcoords="offset points",
                            va="center",
                            fontsize=6.5,
                        )
            ax.set(
                title=f"{task}, {model}",
                xlabel=labels.METRICS[rows["metric"].iloc[0]].label,
                yticks=range(len(decoders)),
                yticklabels=map(labels.decoder, decoders),
                ylim=(len(decoders) - 0.5, -0.5),
            )
            highest = rows[["value", "ci_high"]].max(axis=None)
            ax.set_xlim(0, 1.08 * highest if highest > 0 else 1)
        for arm, colour in colours.items():
            axes[0, 0].plot([], [], "o", color=colour, label=arm)
        axes[0, 0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4)
        figures.note(figure, figures.over(table))
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_decoding)
