"""Draw how often the token of each rank occurs, by tokenizer and text.

Example:
    python workflow/scripts/paper_plot_zipf.py --corpus catalogs --lang jpn_Jpan --reference eng_Latn \
        --output zipf.pdf results/tokenizer/zipf.parquet

READS   results/tokenizer/zipf.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import ZIPF
from lib.paper import figures, labels
from lib.progress import Work


def plot_zipf(
    corpus: Annotated[str, typer.Option(help="Corpus that is shown, like catalogs.")],
    lang: Annotated[str, typer.Option(help="Language that is shown, like jpn_Jpan.")],
    reference: Annotated[str, typer.Option(help="Language that is shown beside it.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    zipf: Annotated[Path, typer.Argument(help="Rank and frequency of tokens.")],
) -> None:
    """Draw how often the token of each rank occurs, by tokenizer and text."""
    import numpy as np

    with Work("paper_plot_zipf", 1, "figures"):
        table = ZIPF.read(zipf)
        texts = labels.texts(zip(table["corpus"], table["lang"], strict=True), corpus)
        wanted = [(corpus, code) for code in (labels.POOLED, reference, lang)]
        shown = [text for text in wanted if text in texts]
        shown += [text for text in texts if text[0] != corpus]
        colours = figures.colours(sorted(set(table["tokenizer"]), key=labels.natural))

        columns = min(3, len(shown))
        count = -(-len(shown) // columns)
        figure, axes = figures.panels(count, columns, 1.0 + 1.9 * count, sharex=True, sharey=True)
        for ax, text in zip(axes.flat, shown, strict=False):
            part = table[(table["corpus"] == text[0]) & (table["lang"] == text[1])]
            for name, curve in part.groupby("tokenizer"):
                curve = curve.sort_values("rank")
                ax.plot(curve["rank"], curve["frequency"], color=colours[name], linewidth=1)
                knee = curve["knee"].iloc[0]
                if curve["delta_bic"].iloc[0] > 0:
                    height = np.exp(
                        np.interp(np.log(knee), np.log(curve["rank"]), np.log(curve["frequency"]))
                    )
                    ax.plot(knee, height, "o", color=colours[name], markeredgecolor="white", markersize=5)
            ax.set(xscale="log", yscale="log", title=texts[text])
        for ax in axes.flat[len(shown) :]:
            ax.set_visible(False)
        for ax in axes.flat[max(len(shown) - columns, 0) : len(shown)]:
            ax.tick_params(labelbottom=True)  # the lowest of its column
        figure.supxlabel("rank of the token by frequency")
        for ax in axes[:, 0]:
            ax.set_ylabel("share of all tokens")
        for name, colour in colours.items():
            axes[0, 0].plot([], [], color=colour, label=name)
        figure.legend(loc="outside upper center", ncols=3)
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_zipf)
