"""Draw what one language costs with each tokenizer: tokens per word, and premium against the reference.

Example:
    python workflow/scripts/paper_plot_headline.py --corpus catalogs --lang jpn_Jpan --reference eng_Latn \
        --output headline.pdf results/tokenizer/metrics.parquet

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

SHAPES = ["o", "D", "s"]  # one per word segmenter


def plot_headline(
    corpus: Annotated[str, typer.Option(help="Corpus that is shown, like catalogs.")],
    lang: Annotated[str, typer.Option(help="Language to show, like jpn_Jpan.")],
    reference: Annotated[str, typer.Option(help="Language that the premium is against.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    metrics: Annotated[Path, typer.Argument(help="Tokenizer metrics.")],
) -> None:
    """Draw what one language costs with each tokenizer: tokens per word, and premium over the reference."""
    with Work("paper_plot_headline", 1, "figures"):
        table = METRICS.read(metrics)
        table = table[table["corpus"] == corpus]
        order = labels.tokenizers(table)
        rows = table[table["lang"] == lang].assign(mix=lambda frame: frame["mix"].fillna("pretrained"))
        colours = figures.colours(sorted(set(rows["mix"]), key=lambda mix: (mix != "pretrained", mix)))

        figure, axes = figures.panels(1, 2, 1.5 + 0.26 * len(order), sharey=True)
        words, premium = axes[0]
        by_words = sorted(name for name in set(rows["metric"]) if name.startswith("tokens_per_word"))
        segmenters = [
            (rows[rows["metric"] == metric], shape) for metric, shape in zip(by_words, SHAPES, strict=False)
        ]
        for place, (part, shape) in enumerate(segmenters):
            _draw(words, part, order, colours, shape, 0.16 * (place - (len(segmenters) - 1) / 2))
            name = part["segmenter"].dropna().unique()
            words.plot(
                [],
                [],
                shape,
                color=figures.GREY,
                label=f"words by {name[0] if len(name) else figures.MISSING}",
            )
        _draw(premium, rows[rows["metric"] == "premium"], order, colours, "o", 0.0)

        premium.axvline(1, color=figures.GREY, linewidth=0.8, linestyle="--")
        words.set(
            xlabel="tokens per word",
            yticks=range(len(order)),
            yticklabels=order,
            ylim=(len(order) - 0.5, -0.5),
        )
        premium.set(xlabel=f"tokens against {labels.language(reference)}, same messages (premium)")
        for ax in (words, premium):
            ax.set_xlim(left=0)
            ax.grid(axis="y", color=figures.PALE)
        for mix, colour in colours.items():
            words.plot([], [], "s", color=colour, label=mix if mix == "pretrained" else f"{mix} mix")
        handles, names = words.get_legend_handles_labels()
        figure.legend(
            handles, names, loc="outside upper center", ncols=3, title=_title(lang), title_fontsize=10
        )
        documents = figures.count(rows["n_docs"])
        figures.note(
            figure, f"Bars: 95 % bootstrap intervals over documents (messages); {documents} documents."
        )
        figures.save(figure, output)


def _title(lang: str) -> str:
    name, own = labels.language(lang), labels.own_name(lang)
    return f"{name} ({own})" if own != name and figures.drawable(own) else name


def _draw(ax, rows, order, colours, shape, offset):
    """One point per tokenizer, in the colour of its mix; n/a where there is no row or no value."""
    rows = rows.set_index("tokenizer").reindex(order)
    for place, (name, row) in enumerate(rows.iterrows()):
        colour = colours.get(row["mix"], figures.GREY)
        figures.points(ax, [place + offset], rows.loc[[name]], horizontal=True, color=colour, fmt=shape)


if __name__ == "__main__":
    main(plot_headline)
