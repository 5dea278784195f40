"""Draw bits per byte of models from scratch against tokens per word of their tokenizers.

Example:
    python workflow/scripts/paper_plot_scratch.py --corpus catalogs --output scratch.pdf \
        results/pretraining/bits.parquet results/tokenizer/metrics.parquet

READS   results/pretraining/bits.parquet, results/tokenizer/metrics.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.bits import LANGUAGES
from lib.contracts.tokenizer import METRICS
from lib.grid import BASE
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SHAPES = "osD^vP*X"
PANELS = {True: "languages of the training text", False: "other text"}
WIDE = 3  # ratio of the ends of an axis from which it is logarithmic
STEPS = (1, 1.5, 2, 3, 5, 7)  # of the ticks of such an axis, in every power of ten


def plot_scratch(
    corpus: Annotated[str, typer.Option(help="Corpus that goes without saying, like catalogs.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    bits: Annotated[Path, typer.Argument(help="Bits by language.")],
    metrics: Annotated[Path, typer.Argument(help="Tokenizer metrics.")],
) -> None:
    """Draw bits per byte against tokens per word, a point for each language and tokenizer."""
    with Work("paper_plot_scratch", 1, "figures"):
        table = labels.without_code(LANGUAGES.read(bits))
        words = METRICS.read(metrics)
        table = table[(table["before"] == BASE) & (table["metric"] == "bits_per_byte")]
        table = table[table["base"].notna() & ~table["base"].isin(set(table["model"]))]
        key = ["tokenizer", "corpus", "lang"]
        table = table.merge(words[words["metric"] == "tokens_per_word"], on=key, suffixes=("", "_words"))
        if table.empty:
            return figures.nothing(output)
        names = labels.texts(zip(table["corpus"], table["lang"], strict=True), corpus)
        shapes = dict(zip(labels.tokenizers(table), SHAPES * len(table), strict=False))
        figure, axes = figures.panels(1, 2, 3.6)
        for ax, (read, title) in zip(axes[0], PANELS.items(), strict=True):
            _panel(ax, table[table["read"] == read], names, shapes)
            ax.set_title(title)
        keys = [axes[0, 0].plot([], [], shape, color=figures.GREY)[0] for shape in shapes.values()]
        figure.legend(keys, list(shapes), loc="outside upper center", ncols=3, title="tokenizer")
        figures.note(
            figure,
            f"Bars: 95 % intervals over documents ({figures.count(table['n_docs'])} for bits, "
            f"{figures.count(table['n_docs_words'])} for words); a point a seed; each panel has its scales.",
        )
        figures.save(figure, output)


def _panel(ax: Axes, rows: pd.DataFrame, names: dict[tuple[str, str], str], shapes: dict[str, str]) -> None:
    """Each language in a colour, each tokenizer as a shape."""
    texts = dict.fromkeys(zip(rows["corpus"], rows["lang"], strict=True))
    if not texts:
        return figures.empty(ax)
    for text, colour in figures.colours(texts).items():
        mine = rows[(rows["corpus"] == text[0]) & (rows["lang"] == text[1])].sort_values("value_words")
        means = mine.groupby("tokenizer", sort=False)[["value_words", "value"]].mean()
        ax.plot(means["value_words"], means["value"], color=colour, linewidth=0.7, label=names[text])
        ax.hlines(mine["value"], mine["ci_low_words"], mine["ci_high_words"], color=colour, linewidth=1)
        for tokenizer, part in mine.groupby("tokenizer"):
            figures.points(ax, part["value_words"], part, color=colour, fmt=shapes[tokenizer])
    shown = {"x": ("tokens per word", rows["value_words"]), "y": ("bits per byte", rows["value"])}
    for axis, (label, values) in shown.items():
        if values.max() > WIDE * values.min():
            ax.set(**{f"{axis}scale": "log"})
            ends = getattr(ax, f"get_{axis}lim")()
            figures.plain_log(getattr(ax, f"{axis}axis"), figures.log_ticks(*ends, STEPS))
            label += " (logarithmic scale)"
        ax.set(**{f"{axis}label": label})
    ax.legend()


if __name__ == "__main__":
    main(plot_scratch)
