"""Draw how unequally each tokenizer charges languages for the same messages: Lorenz curves and Gini.

Example:
    python workflow/scripts/paper_plot_lorenz.py --corpus catalogs --output lorenz.pdf \
        results/tokenizer/lorenz.parquet results/tokenizer/metrics.parquet

READS   results/tokenizer/lorenz.parquet, metrics.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import LORENZ, METRICS
from lib.paper import figures, labels
from lib.progress import Work


def plot_lorenz(
    corpus: Annotated[str, typer.Option(help="Corpus that is shown, like catalogs.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    lorenz: Annotated[Path, typer.Argument(help="Lorenz curves.")],
    metrics: Annotated[Path, typer.Argument(help="Tokenizer metrics.")],
) -> None:
    """Draw how unequally each tokenizer charges languages for the same messages: Lorenz curves and Gini."""
    with Work("paper_plot_lorenz", 1, "figures"):
        table = METRICS.read(metrics)
        table = table[table["corpus"] == corpus]
        mixes = labels.mixes(table)
        curves = LORENZ.read(lorenz)
        curves = curves[curves["corpus"] == corpus]
        if curves.empty:
            return figures.nothing(output, "no message is in all languages of the corpus")
        unequal = table[table["metric"] == "gini"].set_index("tokenizer").reindex(list(mixes))

        figure, axes = figures.panels(1, 2, max(3.9, 1.5 + 0.2 * len(mixes)))
        shares, gini = axes[0]
        colours = figures.mix_colours(mixes.values(), gini)
        shares.plot([0, 1], [0, 1], color=figures.GREY, linewidth=0.8, linestyle="--")
        for name, part in curves.groupby("tokenizer"):
            part = part.sort_values("share_of_languages")
            shares.plot(
                [0, *part["share_of_languages"]],
                [0, *part["share_of_tokens"]],
                color=colours[mixes[name]],
                alpha=0.8,
            )
        for axis in (shares.xaxis, shares.yaxis):
            axis.set_major_formatter(lambda share, _: f"{100 * share:.0f}")
        shares.set(
            xlabel="languages, cheapest first (%)",
            ylabel="what they take of all tokens (%)",
            xlim=(0, 1),
            ylim=(0, 1),
            box_aspect=1,
            anchor="N",
        )
        for place, (name, mix) in enumerate(mixes.items()):
            figures.points(gini, [place], unequal.loc[[name]], horizontal=True, color=colours[mix])
        gini.set(
            xlabel="Gini coefficient (0: all languages pay alike)",
            yticks=range(len(mixes)),
            yticklabels=mixes,
            ylim=(len(mixes) - 0.5, -0.5),
        )
        gini.set_xlim(left=0)
        gini.grid(axis="y", color=figures.PALE)
        figure.legend(*gini.get_legend_handles_labels(), loc="outside upper center", ncols=5)
        said = f"{figures.count(curves['n_groups'].drop_duplicates())} messages that all"
        languages = f"{curves['lang'].nunique()} languages have"
        figures.note(figure, f"Tokens of {said} {languages}. Bars: 95 % bootstrap intervals over messages.")
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_lorenz)
