"""Draw how each tokenizer splits numbers and indentation: pieces, and the commonest split.

Example:
    python workflow/scripts/paper_plot_probes.py --output probes.pdf results/tokenizer/probes.parquet

READS   results/tokenizer/probes.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import PROBES
from lib.paper import figures, labels
from lib.progress import Work
from lib.tokenizer.probes import probes as known

TICKS = (1, 2, 4, 8, 16)


def plot_probes(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    probes: Annotated[Path, typer.Argument(help="Splits of numbers and indentation.")],
) -> None:
    """Draw how each tokenizer splits numbers and indentation: pieces, and the commonest split."""
    from matplotlib.colors import LogNorm

    with Work("paper_plot_probes", 1, "figures"):
        table = PROBES.read(probes)
        order, columns = labels.tokenizers(table), list(known())
        rows = table.assign(
            text=[_cell(*pair) for pair in zip(table["commonest"], table["commonest_share"], strict=True)]
        )
        values, texts = (
            rows.pivot(index="tokenizer", columns="probe", values=column).loc[order, columns]
            for column in ("pieces", "text")
        )
        figure, axes = figures.panels(1, 1, 1.4 + 0.3 * max(len(order), 4))
        ax = axes[0, 0]
        figures.heat_map(
            ax,
            values,
            texts=texts,
            cmap="crest",
            norm=LogNorm(1, TICKS[-1]),
            cbar_kws={"label": "mean number of pieces\n(logarithmic scale)", "pad": 0.02},
        )
        figures.plain_log(ax.collections[0].colorbar.ax.yaxis, TICKS)
        ax.set_xticklabels([_heading(name) for name in columns], rotation=0)
        ax.set_yticklabels(order, rotation=0)
        ax.set(xlabel="", ylabel="")
        numbers = figures.count(rows[rows["probe"].str.startswith("number")]["n"])
        said = "In a cell: lengths of the pieces in the commonest split, and how often it is, if not always"
        figures.note(figure, f"{said}. {numbers} numbers of each length.")
        figures.save(figure, output)


def _cell(split: str, share: float) -> str:
    """A split, with how often it occurs unless that is always; three equal pieces or more are counted."""
    runs = [list(run) for _, run in itertools.groupby(split.split("+"))]
    times = "\N{MULTIPLICATION SIGN}"
    text = "+".join(f"{len(run)}{times}{run[0]}" if len(run) > 2 else "+".join(run) for run in runs)
    return text if share == 1 else f"{text}\n({100 * share:.0f} %)"


def _heading(probe: str) -> str:
    """A probe's name in two lines, like number over 4 digits."""
    kind, rest = probe.split("_", 1)
    return f"{kind}\n{rest.replace('_', ' ')}".replace("1 tabs", "1 tab")


if __name__ == "__main__":
    main(plot_probes)
