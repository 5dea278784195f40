"""Draw what a new tokenizer on an old model costs and saves: bits per byte and tokens, by language.

Example:
    python workflow/scripts/paper_plot_retok.py --corpus catalogs --output retok.pdf \
        results/pretraining/bits.parquet

READS   results/pretraining/bits.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.bits import LANGUAGES
from lib.grid import BASE
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd

SHAPES = "sDv^P"  # of what was trained; a model as it was is a hollow circle
PANELS = {"bits_per_byte": "bits per byte", "tokens_per_document": "tokens per document"}


def plot_retok(
    corpus: Annotated[str, typer.Option(help="Corpus that goes without saying, like catalogs.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    bits: Annotated[Path, typer.Argument(help="Bits by language.")],
) -> None:
    """Draw bits per byte and tokens of models with their own and with a new tokenizer, by language."""
    with Work("paper_plot_retok", 1, "figures"):
        table = labels.without_code(LANGUAGES.read(bits))
        # A graft whose base is scored too; a shape never is.
        bases = set(table["base"].dropna()) & set(table["model"])
        table = table[table["model"].isin(bases) | table["base"].isin(bases)]
        if table.empty:
            return figures.nothing(output)
        names = labels.texts(zip(table["corpus"], table["lang"], strict=True), corpus)
        places = {text: place for place, text in enumerate(dict.fromkeys(_texts(table)))}
        models = sorted(set(table["model"]))
        colours = figures.colours(models)
        arms = sorted(set(table["arm"]) - {BASE})
        shapes = dict(zip(arms, SHAPES * len(arms), strict=False))
        series = sorted(
            set(zip(table["model"], table["arm"], strict=True)), key=lambda one: (one[0], one[1] != BASE)
        )

        figure, axes = figures.panels(1, 2, 1.6 + 0.42 * len(places), sharey=True)
        for ax, (metric, label) in zip(axes[0], PANELS.items(), strict=True):
            for number, (model, arm) in enumerate(series):
                rows = table[(table["model"] == model) & (table["arm"] == arm) & (table["metric"] == metric)]
                if metric == "tokens_per_document" and arm != BASE:
                    continue  # training leaves the tokenizer as it was
                aside = 0.6 * (number + 0.5) / len(series) - 0.3
                figures.points(
                    ax,
                    [places[text] + aside for text in _texts(rows)],
                    rows,
                    horizontal=True,
                    color=colours[model],
                    fmt=shapes.get(arm, "o"),
                    mfc="white" if arm == BASE else colours[model],
                    label=f"{model}, {arm}" if metric == "bits_per_byte" else None,
                )
            ax.set(xlabel=label, yticks=list(places.values()), ylim=(len(places) - 0.5, -0.5))
            ax.set_xlim(left=0)
        axes[0, 0].set_yticklabels([names[text] for text in places])
        figure.legend(loc="outside upper center", ncols=2 if len(series) > 1 else 1)
        read = sorted({names[text] for text in _texts(table[table["read"]])})
        figures.note(
            figure,
            f"Bars: 95 % intervals over documents, {figures.count(table['n_docs'])} a language. "
            f"Trained on: {', '.join(read)}.",
        )
        figures.save(figure, output)


def _texts(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(rows["corpus"], rows["lang"], strict=True))


if __name__ == "__main__":
    main(plot_retok)
