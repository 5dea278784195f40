"""Draw how well models learn further languages, by the tokenizer that they started with.

Example:
    python workflow/scripts/paper_plot_plasticity.py --corpus catalogs --output plasticity.pdf \
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
    from matplotlib.axes import Axes

STEPS = (1, 2, 3, 5, 7)  # of the ticks, in every power of ten


def plot_plasticity(
    corpus: Annotated[str, typer.Option(help="Corpus that goes without saying, like catalogs.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    bits: Annotated[Path, typer.Argument(help="Bits by language.")],
) -> None:
    """Draw bits per byte before and after further training, on the languages that it was on."""
    import pandas as pd

    with Work("paper_plot_plasticity", 1, "figures"):
        table = labels.without_code(LANGUAGES.read(bits))
        table = table[table["metric"] == "bits_per_byte"]
        after = table[table["read"] & (table["before"] != BASE)]
        if after.empty:
            return figures.nothing(output)
        earlier = table.drop(columns="before").rename(columns={"arm": "before"})
        key = ["model", "before", "seed", "corpus", "lang"]
        before = after[[*key, "arm"]].merge(earlier, on=key, how="left")
        names = labels.texts(zip(after["corpus"], after["lang"], strict=True), corpus)
        colours = figures.colours(sorted(set(after["tokenizer"])))
        arms = list(dict.fromkeys(after["arm"]))
        shown = pd.concat([before["value"], after["value"]])
        longest = max(after[after["arm"] == arm].groupby(["corpus", "lang"]).ngroups for arm in arms)

        figure, axes = figures.panels(1, len(arms), 1.5 + 0.4 * longest, sharex=True)
        for ax, arm in zip(axes[0], arms, strict=True):
            mine = after[after["arm"] == arm]
            _panel(ax, before[before["arm"] == arm], mine, names, colours)
            ax.set(title=f"{arm}, after {mine['before'].iloc[0]}", xlabel="bits per byte (logarithmic scale)")
            ax.set_xscale("log")
            if shown.notna().any():
                figures.plain_log(ax.xaxis, figures.log_ticks(shown.min(), shown.max(), STEPS))
        for tokenizer, colour in colours.items():
            axes[0, 0].plot([], [], "o", color=colour, label=tokenizer)
        figure.legend(loc="outside upper center", ncols=3, title="tokenizer")
        figures.note(
            figure,
            "Hollow: before the further training; filled: after. "
            f"Bars: 95 % intervals over documents, {figures.count(after['n_docs'])} a language.",
        )
        figures.save(figure, output)


def _panel(
    ax: Axes,
    before: pd.DataFrame,
    after: pd.DataFrame,
    names: dict[tuple[str, str], str],
    colours: dict[str, tuple],
) -> None:
    """A row for each language, in it the tokenizers below each other, seeds on one height."""
    before = before.dropna(subset="value")  # "n/a" is said once
    texts = list(dict.fromkeys(zip(after["corpus"], after["lang"], strict=True)))
    for number, (tokenizer, colour) in enumerate(colours.items()):
        aside = 0.6 * (number + 0.5) / len(colours) - 0.3
        for rows, fill in ((before, "white"), (after, colour)):
            mine = rows[rows["tokenizer"] == tokenizer]
            heights = [texts.index(text) + aside for text in zip(mine["corpus"], mine["lang"], strict=True)]
            figures.points(ax, heights, mine, horizontal=True, color=colour, fmt="o", mfc=fill)
    ax.set(yticks=range(len(texts)), ylim=(len(texts) - 0.5, -0.5))
    ax.set_yticklabels([names[text] for text in texts])


if __name__ == "__main__":
    main(plot_plasticity)
