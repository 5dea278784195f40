"""Draw what rounds of self-improvement do beside accuracy: to form, margins, diversity and held-out text.

Example:
    python workflow/scripts/paper_plot_behaviour.py --split test --output behaviour.pdf \
        results/selfimprove/rounds.parquet

READS   results/selfimprove/rounds.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.scores import ROUNDS
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("answered", "chain", "precision", "pass_at_5", "pass_at_10", "auroc", "auroc_within")
SHOWN += ("distinct_branches", "distinct_answers", "bits_per_byte_change")
CHANCE = {"auroc": 0.5, "auroc_within": 0.5, "bits_per_byte_change": 0}  # what nothing would come to
COLUMNS = 3


def plot_behaviour(
    split: Annotated[str, typer.Option(help="Split of a loop's task that is shown.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    rounds: Annotated[Path, typer.Argument(help="What is known of the self-improvement rounds.")],
) -> None:
    """Draw a panel for each metric, by round, for every loop."""
    with Work("paper_plot_behaviour", 1, "figures"):
        table = labels.shown(ROUNDS.read(rounds))
        own = (table["tested"] == table["task"]) & (table["split"] == split)
        table = table[(own | table["split"].isna()) & table["metric"].isin(SHOWN)]
        # A start adapter may be decoded in more ways than its loops.
        table = table[table["decoder"].isin(table.loc[table["round"] > 0, "decoder"])]
        if table.empty:
            return figures.nothing(output)
        colours = figures.colours(sorted(set(table["loop"])))
        drawn: list[tuple[str, pd.DataFrame]] = []
        for task, model in labels.panels(table):
            rows = table[(table["task"] == task) & (table["model"] == model)]
            where = f"\n{task}, {model}" if len(labels.panels(table)) > 1 else ""
            for metric in SHOWN:
                for text, part in rows[rows["metric"] == metric].groupby("tested", dropna=False):
                    corpus = f"\n{text}" if metric == "bits_per_byte_change" else ""
                    drawn.append((f"{labels.METRICS[metric].label}{corpus}{where}", part))

        lines = -(-len(drawn) // COLUMNS)
        figure, axes = figures.panels(lines, COLUMNS, 0.8 + 1.6 * lines)
        for ax in axes.flat[len(drawn) :]:
            ax.set_visible(False)
        for ax, (title, rows) in zip(axes.flat, drawn, strict=False):
            figures.by_round(ax, rows, colours)
            ax.set_title(title)
            if (metric := rows["metric"].iloc[0]) in CHANCE:
                ax.axhline(CHANCE[metric], color=figures.GREY, linewidth=0.8, linestyle="--")
        for loop, colour in colours.items():
            axes[0, 0].plot([], [], "o-", color=colour, label=loop)
        figure.legend(loc="outside upper center", ncols=6, title="loop")
        over = " or ".join(sorted(set(table["interval_over"])))
        figures.note(
            figure, f"Bars: 95 % intervals over {over}; with several seeds points are seeds, without bars."
        )
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_behaviour)
