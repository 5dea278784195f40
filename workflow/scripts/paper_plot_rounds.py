"""Draw accuracy by round of self-improvement, for every loop and way of decoding.

Example:
    python workflow/scripts/paper_plot_rounds.py --output rounds.pdf results/selfimprove/rounds.parquet

READS   results/selfimprove/rounds.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.scores import ROUNDS
from lib.paper import figures, labels
from lib.progress import Work

SHOWN = ("greedy", "max", "aggregate")


def plot_rounds(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    rounds: Annotated[Path, typer.Argument(help="Scores of the self-improvement rounds.")],
) -> None:
    """Draw accuracy by round of self-improvement, for every loop and way of decoding."""
    with Work("paper_plot_rounds", 1, "figures"):
        table = labels.main_scores(ROUNDS.read(rounds))
        decoders = labels.decoders(table.loc[table["round"] > 0, "decoder"])
        decoders = [name for name in decoders if name.endswith(SHOWN)]
        if not decoders:
            return figures.nothing(output)
        cells = sorted(set(zip(table["task"], table["model"], strict=True)))
        loops = sorted(set(table["loop"]))
        colours = figures.colours(loops)

        height = 0.9 + 2.3 * len(cells)
        figure, axes = figures.panels(len(cells), len(decoders), height, sharey="row", sharex=True)
        for line, (task, model) in zip(axes, cells, strict=True):
            rows = table[(table["task"] == task) & (table["model"] == model)]
            for ax, decoder in zip(line, decoders, strict=True):
                for place, loop in enumerate(loops):
                    shift = 0.07 * (place - (len(loops) - 1) / 2)
                    _curve(
                        ax, rows[(rows["decoder"] == decoder) & (rows["loop"] == loop)], colours[loop], shift
                    )
                ax.set(title=labels.decoder(decoder), xticks=sorted(set(rows["round"])))
                ax.set_xlim(rows["round"].min() - 0.3, rows["round"].max() + 0.3)
            line[0].set_ylim(bottom=0)  # of the whole line, once everything is drawn in it
            line[0].set_ylabel(f"{task}: {labels.METRICS[rows['metric'].iloc[0]].label}")
        for ax in axes[-1]:
            ax.set_xlabel("round (0: before)")
        for loop, colour in colours.items():
            axes[0, 0].plot([], [], "o-", color=colour, label=loop)
        figure.legend(loc="outside upper center", ncols=6, title="loop")
        figures.note(figure, f"{figures.over(table)} Models: {', '.join(sorted(set(table['model'])))}.")
        figures.save(figure, output)


def _curve(ax, rows, colour, shift):
    """Each seed as points with intervals, and a line through the means over seeds."""
    for _, part in rows.groupby("seed"):
        figures.points(ax, part["round"] + shift, part, color=colour)
    means = rows.dropna(subset="value").groupby("round")["value"].mean()
    ax.plot(means.index + shift, means, color=colour)


if __name__ == "__main__":
    main(plot_rounds)
