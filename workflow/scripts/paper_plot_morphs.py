"""Draw how well token boundaries meet morph boundaries: precision and recall, by language and tokenizer.

Example:
    python workflow/scripts/paper_plot_morphs.py --output morphs.pdf results/tokenizer/morphs.parquet

READS   results/tokenizer/morphs.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import MORPHS
from lib.paper import figures, labels
from lib.progress import Work

SHAPES = {"precision": "o", "recall": "D"}
ACROSS = 4  # languages side by side


def plot_morphs(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    morphs: Annotated[Path, typer.Argument(help="Token boundaries against morph boundaries.")],
) -> None:
    """Draw how well token boundaries meet morph boundaries: precision and recall."""
    with Work("paper_plot_morphs", 1, "figures"):
        table = MORPHS.read(morphs)
        if table.empty:
            return figures.nothing(output, "tokenizer.morphs names no gold segmentations")
        order, languages = labels.tokenizers(table), sorted(set(table["lang"]), key=labels.language)
        colours = figures.colours(SHAPES)
        across = min(ACROSS, len(languages))
        down = -(-len(languages) // across)
        figure, axes = figures.panels(
            down, across, 0.9 + down * (0.6 + 0.2 * len(order)), sharex=True, sharey=True
        )
        for ax, lang in zip(axes.flat, languages, strict=False):
            part = table[table["lang"] == lang]
            for metric, shape in SHAPES.items():
                rows = part[part["metric"] == metric].set_index("tokenizer").reindex(order)
                figures.points(ax, range(len(order)), rows, horizontal=True, color=colours[metric], fmt=shape)
            ax.grid(axis="y", color=figures.PALE)
            ax.set(title=f"{labels.language(lang)}, {figures.count(part['n_words'])} words", xlim=(0, 1))
        for ax in axes.flat[len(languages) :]:
            ax.set_visible(False)
        axes[0, 0].set(yticks=range(len(order)), yticklabels=order, ylim=(len(order) - 0.5, -0.5))
        for ax in axes[-1]:
            ax.set_xlabel("share of boundaries")
        for metric, shape in SHAPES.items():
            axes[0, 0].plot([], [], shape, color=colours[metric], label=metric)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
        figures.note(figure, "Bars: 95 % bootstrap intervals over words.")
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_morphs)
