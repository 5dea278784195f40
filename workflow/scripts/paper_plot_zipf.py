"""Draw how often the token of each rank occurs, by tokenizer and text.

Example:
    python workflow/scripts/paper_plot_zipf.py --corpus catalogs --lang jpn_Jpan --reference eng_Latn \
        --output zipf.pdf results/tokenizer/zipf.parquet results/tokenizer/metrics.parquet

READS   results/tokenizer/zipf.parquet, metrics.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import METRICS, ZIPF
from lib.paper import figures, labels
from lib.progress import Work

# Families share their mixes, and so the colours of these.
STYLES = {"pretrained": "-", "bytebpe": "-", "bpe": "--", "unigram": ":", "wordpiece": "-."}


def plot_zipf(
    corpus: Annotated[str, typer.Option(help="Corpus that is shown, like catalogs.")],
    lang: Annotated[str, typer.Option(help="Language that is shown, like jpn_Jpan.")],
    reference: Annotated[str, typer.Option(help="Language that is shown beside it.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    zipf: Annotated[Path, typer.Argument(help="Rank and frequency of tokens.")],
    metrics: Annotated[Path, typer.Argument(help="Tokenizer metrics.")],
) -> None:
    """Draw how often the token of each rank occurs, by tokenizer and text."""
    import numpy as np

    with Work("paper_plot_zipf", 1, "figures"):
        table, measured = ZIPF.read(zipf), METRICS.read(metrics)
        texts = labels.texts(zip(table["corpus"], table["lang"], strict=True), corpus)
        wanted = [(corpus, code) for code in (labels.POOLED, reference, lang)]
        shown = [text for text in wanted if text in texts]
        shown += [text for text in texts if text[0] != corpus]
        mixes = labels.mixes(measured)
        families = measured.drop_duplicates("tokenizer").set_index("tokenizer")["family"]

        columns = min(3, len(shown))
        count = -(-len(shown) // columns)
        figure, axes = figures.panels(count, columns, 1.0 + 1.9 * count, sharex=True, sharey=True)
        colours = figures.mix_colours(mixes.values(), axes[0, 0])
        for ax, text in zip(axes.flat, shown, strict=False):
            part = table[(table["corpus"] == text[0]) & (table["lang"] == text[1])]
            for name, mix in mixes.items():
                curve = part[part["tokenizer"] == name].sort_values("rank")
                if curve.empty:
                    continue
                look = {"color": colours[mix], "linestyle": STYLES[families[name]]}
                ax.plot(curve["rank"], curve["frequency"], linewidth=1, alpha=0.8, **look)
                knee = curve["knee"].iloc[0]
                if curve["delta_bic"].iloc[0] > 0:
                    height = np.exp(
                        np.interp(np.log(knee), np.log(curve["rank"]), np.log(curve["frequency"]))
                    )
                    ax.plot(knee, height, "o", color=colours[mix], markeredgecolor="white", markersize=5)
            ax.set(xscale="log", yscale="log", title=texts[text])
        for ax in axes.flat[len(shown) :]:
            ax.set_visible(False)
        for ax in axes.flat[max(len(shown) - columns, 0) : len(shown)]:
            ax.tick_params(labelbottom=True)  # the lowest of its column
        figure.supxlabel("rank of the token by frequency")
        for ax in axes[:, 0]:
            ax.set_ylabel("share of all tokens")
        for family in (name for name in STYLES if name in set(families) - {"pretrained"}):
            axes[0, 0].plot([], [], color=figures.GREY, linestyle=STYLES[family], label=family)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
        note = "Circles: ranks at which two power laws meet, where they fit better than one (BIC)."
        figures.note(figure, f"A curve for each tokenizer. {note}")
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_zipf)
