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
        rows, mixes = table[table["lang"] == lang], labels.mixes(table)

        figure, axes = figures.panels(1, 2, 1.5 + 0.26 * len(mixes), sharey=True)
        words, premium = axes[0]
        colours = figures.mix_colours(mixes.values(), words)
        looks = {name: colours[mix] for name, mix in mixes.items()}
        by_words = sorted(name for name in set(rows["metric"]) if name.startswith("tokens_per_word"))
        segmenters = [
            (rows[rows["metric"] == metric], shape) for metric, shape in zip(by_words, SHAPES, strict=False)
        ]
        for place, (part, shape) in enumerate(segmenters):
            _draw(words, part, looks, shape, 0.16 * (place - (len(segmenters) - 1) / 2))
            name = part["segmenter"].dropna().unique()
            words.plot(
                [],
                [],
                shape,
                color=figures.GREY,
                label=f"words by {name[0] if len(name) else figures.MISSING}",
            )
        _draw(premium, rows[rows["metric"] == "premium"], looks, "o", 0.0)

        premium.axvline(1, color=figures.GREY, linewidth=0.8, linestyle="--")
        words.set(
            xlabel="tokens per word",
            yticks=range(len(mixes)),
            yticklabels=mixes,
            ylim=(len(mixes) - 0.5, -0.5),
        )
        premium.set(xlabel=f"tokens against {labels.language(reference)}, same messages (premium)")
        for ax in (words, premium):
            ax.set_xlim(left=0)
            ax.grid(axis="y", color=figures.PALE)
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


def _draw(ax, rows, looks, shape, offset):
    """One point per tokenizer, in the colour of its mix; n/a where there is no row or no value."""
    rows = rows.set_index("tokenizer").reindex(list(looks))
    for place, (name, colour) in enumerate(looks.items()):
        figures.points(ax, [place + offset], rows.loc[[name]], horizontal=True, color=colour, fmt=shape)


if __name__ == "__main__":
    main(plot_headline)
