"""Draw what code in the training text does to text, code, maths and worked solutions, by its share.

Example:
    python workflow/scripts/paper_plot_code_share.py --corpus catalogs --output code_share.pdf \
        results/pretraining/bits.parquet

READS   results/pretraining/bits.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.bits import LANGUAGES
from lib.contracts.pretraining import TASK
from lib.grid import TOTAL
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ACROSS = 4  # panels in a row
APART = 1.0  # of points at one share, in percent
REGIMES = {TOTAL: ("in place of text", "o"), "text": ("beside the text", "s")}


def plot_code_share(
    corpus: Annotated[str, typer.Option(help="Corpus that goes without saying, like catalogs.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    bits: Annotated[Path, typer.Argument(help="Bits by language.")],
) -> None:
    """Draw the change in bits per byte by code, a panel for each text, a line for each kind of share."""
    with Work("paper_plot_code_share", 1, "figures"):
        table = LANGUAGES.read(bits)
        table = table[table["share"].notna() & table["metric"].isin(["bits_per_byte", "code_effect"])]
        shown = [
            (model, block, text, rows)
            for (model, block), part in table.groupby(["model", "block"], sort=False)
            for text, rows in _texts(part).groupby(["domain", "corpus", "lang"], sort=False)
        ]
        if not shown:
            return figures.nothing(output)
        names = labels.texts(((text[1], text[2]) for *_, text, _ in shown), corpus)
        colours = figures.colours(fixed for fixed in REGIMES if (table["fixed"] == fixed).any())
        titled = len({(model, block) for model, block, *_ in shown}) > 1
        across = min(ACROSS, len(shown))
        down = -(-len(shown) // across)
        figure, axes = figures.panels(down, across, 0.8 + 2.1 * down)
        for ax, (model, block, text, rows) in zip(axes.flat, shown, strict=False):
            _panel(ax, rows, colours)
            where = [labels.wrapped(model, 24), block] if titled else []
            name = names[text[1:]] + (", solutions" if text[0] == TASK else "")
            ax.set_title("\n".join([*where, name, _without(rows)]))
        for ax in axes.flat[len(shown) :]:
            ax.set_visible(False)
        figure.supylabel("bits per byte, minus those without code")
        for fixed, colour in colours.items():
            label, shape = REGIMES[fixed]
            axes.flat[0].plot([], [], shape, color=colour, label=label)
        figure.legend(loc="outside upper center", ncols=2, title="code")
        documents = figures.count(table.loc[table["metric"] == "code_effect", "n_docs"])
        figures.note(
            figure,
            f"Below the line code helped. Bars: 95 % intervals over {documents} documents or items, paired. "
            "Points are seeds, side by side; lines join their means.",
        )
        figures.save(figure, output)


def _texts(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the texts that are shown: of the domain of the block's own text only what was read.

    The text stands first, then what else was read.
    """
    text = set(rows.loc[(rows["share"] == 0) & rows["read"], "domain"])
    place = ["domain", "corpus", "lang"]
    read = rows.groupby(place)["read"].transform("any")
    order = 2 * ~rows["domain"].isin(text) + ~read
    return rows[read | ~rows["domain"].isin(text)].assign(order=order).sort_values("order", kind="stable")


def _without(rows: pd.DataFrame) -> str:
    """How many bits a byte of the text needs without code, the mean over seeds."""
    plain = rows.loc[(rows["share"] == 0) & (rows["metric"] == "bits_per_byte"), "value"]
    value = figures.MISSING if plain.isna().any() else f"{plain.mean():.2f}"
    return f"{value} without code"


def _panel(ax: Axes, rows: pd.DataFrame, colours: dict[str, tuple]) -> None:
    """A line for each kind of share, through the means over seeds, from no code on."""
    effects = rows[rows["metric"] == "code_effect"]
    ax.axhline(0, color=figures.GREY, linewidth=0.8)
    series = list(product(colours, sorted(set(effects["seed"]))))
    for place, (fixed, seed) in enumerate(series):
        mine = effects[(effects["fixed"] == fixed) & (effects["seed"] == seed)]
        aside = APART * (place - (len(series) - 1) / 2)
        figures.points(
            ax,
            100 * mine["share"] + aside,
            mine,
            color=colours[fixed],
            fmt=REGIMES[fixed][1],
            ms=3,
            capsize=1,
        )
    for fixed in colours:
        means = effects[effects["fixed"] == fixed].groupby("share")["value"].mean()
        ax.plot([0, *(100 * means.index)], [0, *means], color=colours[fixed], linewidth=0.8)
    ax.set(xlim=(-4, 104), xticks=[0, 25, 50, 75, 100], xlabel="share of code (%)")


if __name__ == "__main__":
    main(plot_code_share)
