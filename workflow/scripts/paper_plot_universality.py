"""Draw what more languages in the mix cost those that were in it, and what they bring to the others.

Example:
    python workflow/scripts/paper_plot_universality.py --corpus catalogs --lang jpn_Jpan \
        --reference eng_Latn --output universality.pdf \
        results/tokenizer/comparisons.parquet results/tokenizer/*/training.parquet

READS   results/tokenizer/comparisons.parquet
        results/tokenizer/{tokenizer}/training.parquet: mix and languages of each trained tokenizer
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import COMPARISONS, TRAINING
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COSTS = (1, 1.1, 1.2, 1.4, 1.6, 2, 3, 5, 7)  # steps of the ticks, in every power of ten
GAINS = (1, 2, 3, 5, 7)


def plot_universality(
    corpus: Annotated[str, typer.Option(help="Corpus that is shown, like catalogs.")],
    lang: Annotated[str, typer.Option(help="Language that is marked, like jpn_Jpan.")],
    reference: Annotated[str, typer.Option(help="Language that is marked beside it.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    comparisons: Annotated[Path, typer.Argument(help="Tokenizers compared document by document.")],
    training: Annotated[list[Path] | None, typer.Argument(help="What each trained tokenizer read.")] = None,
) -> None:
    """Draw what more languages in the mix cost those that were in it, and what they bring to the others."""
    with Work("paper_plot_universality", 1, "figures"):
        rows = _pairs(COMPARISONS.read(comparisons), TRAINING.read(*(training or [])))
        rows = rows[rows["corpus"] == corpus]
        if rows.empty:
            return figures.nothing(
                output, "no two tokenizers differ only in how many languages their mix has"
            )
        pairs = rows.drop_duplicates(["tokenizer", "baseline"])
        pairs = pairs.sort_values(["mix", "narrow", "family", "vocab_size"])
        names = list(zip(pairs["tokenizer"], pairs["baseline"], strict=True))
        plain, first, _, second = figures.colours(["plain", "first", "", "second"]).values()
        marked = {reference: (first, "s"), lang: (second, "D")}

        figure, axes = figures.panels(1, 2, 1.6 + 0.36 * len(names), sharey=True)
        for ax, known, steps in zip(axes[0], (True, False), (COSTS, GAINS), strict=True):
            part = rows[rows["known"] == known].set_index(["tokenizer", "baseline"])
            for place, name in enumerate(names):
                _draw(ax, place, part[part.index.isin([name])].set_index("lang"), plain, marked)
            ax.axvline(1, color=figures.GREY, linewidth=0.8, linestyle="--")
            ax.grid(axis="y", color=figures.PALE)
            low, high = min([0.95, *(0.9 * part["ci_low"])]), max([1.05, *(1.1 * part["ci_high"])])
            ax.set(xscale="log", xlim=(low, high))
            figures.plain_log(ax.xaxis, figures.log_ticks(low, high, steps))
        shared, added = axes[0]
        shared.set(
            title="languages of both mixes: the cost",
            yticks=range(len(names)),
            yticklabels=[
                f"{pair.mix} over {pair.narrow}\n{pair.family}, {pair.vocab_size:,}"
                for pair in pairs.itertuples(index=False)
            ],
            ylim=(len(names) - 0.5, -0.5),
        )
        added.set(title="languages of the wider mix only: the gain")
        for ax in axes[0]:
            ax.set_xlabel("tokens, wider mix over narrower (logarithmic scale)")
        for code, (colour, shape) in marked.items():
            shared.plot([], [], shape, color=colour, label=labels.language(code))
        shared.plot([], [], "o", color=plain, alpha=0.6, label="another language")
        figure.legend(*shared.get_legend_handles_labels(), loc="outside upper center", ncols=3)
        documents = figures.count(rows["n_docs"])
        figures.note(
            figure, f"Bars: 95 % intervals over documents (messages), paired; {documents} a language."
        )
        figures.save(figure, output)


def _pairs(compared: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """Comparisons with a tokenizer of a narrower mix, in the languages of the wider one.

    Each has the narrower mix, and whether that knows the language.
    """
    facts = training.drop_duplicates("tokenizer").set_index("tokenizer")[["family", "vocab_size", "mix"]]
    mix, read = facts["mix"].to_dict(), training.groupby("tokenizer")["lang"].agg(set).to_dict()

    def nested(wide: str, narrow: str) -> bool:
        alike = wide.removesuffix(mix[wide]) == narrow.removesuffix(mix[narrow])  # family and size
        return alike and read[narrow] < read[wide]

    rows = compared[compared["tokenizer"].isin(read) & compared["baseline"].isin(read)]
    cells = list(zip(rows["tokenizer"], rows["baseline"], rows["lang"], strict=True))
    shown = [nested(wide, narrow) and lang in read[wide] for wide, narrow, lang in cells]
    known = [lang in read[narrow] for _, narrow, lang in cells]
    rows = rows.assign(narrow=rows["baseline"].map(mix), known=known)
    return rows.loc[rows.index[shown]].join(facts, on="tokenizer")


def _draw(ax: Axes, place: int, rows: pd.DataFrame, plain: str, marked: dict[str, tuple[str, str]]) -> None:
    """The languages of a pair on one line, marked ones with interval and value."""
    others = rows[~rows.index.isin(marked)]["value"]
    ax.plot(others, [place] * len(others), "o", color=plain, alpha=0.6)
    for code, (colour, shape) in marked.items():
        if code not in rows.index:
            continue
        figures.points(ax, [place], rows.loc[[code]], horizontal=True, color=colour, fmt=shape)
        at = (rows.loc[code, "value"], place)
        ax.annotate(
            f"{at[0]:.2f}",
            at,
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=6,
            color=colour,
        )


if __name__ == "__main__":
    main(plot_universality)
