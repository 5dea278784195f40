"""Draw what each arm takes in memory: its peak in training by owner, a prediction below, other phases.

Example:
    python workflow/scripts/paper_plot_memory_by_rank.py --output memory_by_rank.pdf \
        results/lora/memory.parquet

READS   results/lora/memory.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.lora import FINISHED, MEMORY
from lib.paper import figures, labels
from lib.progress import Work

GIB = 2**30
OWNERS = {
    "program": "program",
    "weights": "weights",
    "gradients": "gradients",
    "optimizer": "optimizer state",
    "rest": "activations and workspace",
}
MARKS = {"load": "|", "evaluate": "D"}
KINDS = {
    "cpu": "resident memory of a process",
    "cuda": "memory that torch allocated on the GPU, where the program does not count",
}
PREDICTED = {"alpha": 0.5, "hatch": "//////", "edgecolor": "white", "linewidth": 0}
MARKED = {"linestyle": "", "fillstyle": "none", "color": "black", "markersize": 5}


def plot_memory_by_rank(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    memory: Annotated[Path, typer.Argument(help="Memory of each arm by phase.")],
) -> None:
    """Draw what each arm takes in memory: its peak in training by owner, a prediction below, other phases."""
    with Work("paper_plot_memory_by_rank", 1, "figures"):
        table = MEMORY.read(memory)
        if table.empty:
            return figures.nothing(output)
        parts = [
            table[(table["task"] == task) & (table["model"] == model)] for task, model in labels.panels(table)
        ]
        heights = [0.5 + 0.32 * part["arm"].nunique() for part in parts]
        colours = dict(zip(OWNERS, [figures.GREY, *figures.colours(list(OWNERS)[1:]).values()], strict=True))

        figure, axes = figures.panels(len(parts), 1, 1.2 + sum(heights), sharex=True, height_ratios=heights)
        for ax, part in zip(axes.flat, parts, strict=True):
            arms, phases = labels.arms(part), part.set_index(["arm", "phase"])
            for place, arm in enumerate(arms):
                _bars(ax, place, phases.loc[arm], colours)
            ax.set(title=f"{part['task'].iloc[0]}, {part['model'].iloc[0]}")
            ax.set(yticks=range(len(arms)), yticklabels=arms, ylim=(len(arms) - 0.4, -0.6))
        axes[-1, 0].set_xlabel("memory (GiB)")
        axes[0, 0].set_xlim(left=0)
        for owner, name in OWNERS.items():
            axes[0, 0].barh([0], [0], color=colours[owner], label=name)
        axes[0, 0].barh([0], [0], color=figures.GREY, **PREDICTED, label="predicted")
        for phase, mark in MARKS.items():
            axes[0, 0].plot([], [], mark, **MARKED, label=f"peak of phase {phase}")
        figure.legend(loc="outside upper center", ncols=4)
        kinds = "; ".join(KINDS[device] for device in sorted(set(table["device"])))
        figures.note(figure, f"Memory: {kinds}. Bars end at the peak of phase train, and at its prediction.")
        figures.save(figure, output)


def _bars(ax, place, phases, colours):
    """The peak in training, below it what was predicted, and the peaks of the other phases as marks."""
    last = phases.iloc[-1]
    if last["status"] != FINISHED:
        at = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": 6.5, "color": figures.GREY}
        return ax.text(0.01, place, last["status"], **at)
    train = phases.loc["train"].fillna({f"{owner}_bytes": 0 for owner in OWNERS})
    measured = predicted = 0.0
    for owner, colour in colours.items():
        width = train[f"{owner}_bytes"] / GIB
        ax.barh(place - 0.1, width, 0.42, measured, color=colour)
        measured += width
        width = train["program_bytes" if owner == "program" else f"predicted_{owner}_bytes"] / GIB
        ax.barh(place + 0.26, width, 0.22, predicted, color=colour, **PREDICTED)
        predicted += width
    for phase, mark in MARKS.items():
        ax.plot(phases["peak_bytes"][phase] / GIB, place - 0.1, mark, **MARKED)


if __name__ == "__main__":
    main(plot_memory_by_rank)
