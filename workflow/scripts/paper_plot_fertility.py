"""Draw tokens per word for every language and tokenizer, as a heat map.

Example:
    python workflow/scripts/paper_plot_fertility.py --corpus catalogs --output fertility.pdf \
        results/tokenizer/metrics.parquet

READS   results/tokenizer/metrics.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import METRICS
from lib.paper import figures, labels
from lib.progress import Work

WIDE = 9  # columns up to which names fit below them, broken into lines
STEPS = (1, 1.5, 2, 3, 5, 7)  # of the ticks, in every power of ten


def plot_fertility(
    corpus: Annotated[str, typer.Option(help="Corpus that goes without saying, like catalogs.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    metrics: Annotated[Path, typer.Argument(help="Tokenizer metrics.")],
) -> None:
    """Draw tokens per word for every language and tokenizer, as a heat map."""
    from matplotlib.colors import LogNorm

    with Work("paper_plot_fertility", 1, "figures"):
        table = METRICS.read(metrics)
        order = labels.tokenizers(table)
        words = table[table["metric"] == "tokens_per_word"]
        values = words.pivot(index=["corpus", "lang"], columns="tokenizer", values="value")
        values.index = values.index.map(labels.texts(values.index, corpus))
        values = values.reindex(columns=order).astype(float)
        # Cheapest text on top; rows without any value last.
        values = values.loc[values.median(axis=1).sort_values(kind="stable").index]

        upright = len(order) > WIDE
        figure, axes = figures.panels(1, 1, (2.6 if upright else 1.6) + 0.24 * max(len(values), 4))
        ax = axes[0, 0]
        if values.notna().any(axis=None):
            low, high = values.min(axis=None), values.max(axis=None)
            figures.heat_map(
                ax,
                values,
                digits=2,
                cmap="crest",
                norm=LogNorm(low, max(high, 1.01 * low)),
                cbar_kws={"label": "tokens per word\n(logarithmic scale)", "pad": 0.02},
            )
            bar = ax.collections[0].colorbar
            figures.plain_log(bar.ax.yaxis, figures.log_ticks(low, high, STEPS))
            if upright:
                ax.set_xticklabels(order, rotation=90)
            else:
                ax.set_xticklabels([labels.wrapped(name, 80 // len(order)) for name in order], rotation=0)
            ax.set_yticklabels(ax.get_yticklabels(), rotation=0)
        else:
            figures.empty(ax)
        ax.set(xlabel="tokenizer (family, vocabulary size, language mix)", ylabel="")
        segmenters = ", ".join(sorted(words["segmenter"].dropna().unique())) or "no segmenter"
        figures.note(figure, f"Words: {segmenters}; {figures.count(words['n_docs'])} documents a row.")
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_fertility)
