"""Draw what each tokenizer's vocabulary is made of: tokens by script and kind.

Example:
    python workflow/scripts/paper_plot_vocabulary.py --output vocabulary.pdf \
        results/tokenizer/vocabulary.parquet

READS   results/tokenizer/vocabulary.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import VOCABULARY
from lib.paper import figures, labels
from lib.progress import Work
from lib.tokenizer.vocabulary import KINDS

if TYPE_CHECKING:
    import pandas as pd

SCRIPTS = 14  # that have a colour of their own
OTHERS = "other scripts"
STRIDE = 4  # on the colour wheel, between neighbours in a bar
WIDE = 0.06  # share of a bar above which its number is written into it


def plot_vocabulary(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    vocabulary: Annotated[Path, typer.Argument(help="Vocabularies by part.")],
) -> None:
    """Draw what each tokenizer's vocabulary is made of: tokens by script and kind."""
    with Work("paper_plot_vocabulary", 1, "figures"):
        table = VOCABULARY.read(vocabulary)
        order = labels.tokenizers(table)
        shares = _shares(table).reindex(order)
        kinds = [kind for kind in KINDS if kind in shares]
        scripts = [part for part in shares if part not in kinds]
        # Neighbours in a bar are far apart on the colour wheel; a kind has the same grey in every figure.
        apart = [part for start in range(STRIDE) for part in scripts[start::STRIDE]]
        colours = figures.colours(apart) | {
            kind: str(0.55 + 0.4 * place / len(KINDS)) for place, kind in enumerate(KINDS)
        }

        figure, axes = figures.panels(1, 1, 1.9 + 0.32 * len(order))
        ax = axes[0, 0]
        before = shares.iloc[:, 0] * 0
        for part in [*scripts, *kinds]:
            ax.barh(order, shares[part], left=before, color=colours[part], label=part, linewidth=0.3)
            for place, share in enumerate(shares[part]):
                if share >= WIDE:
                    middle = before.iloc[place] + share / 2
                    ax.text(middle, place, f"{100 * share:.0f}", va="center", ha="center", fontsize=6)
            before = before + shares[part]
        sizes = table.drop_duplicates("tokenizer").set_index("tokenizer")["vocab_size"].reindex(order)
        for place, size in enumerate(sizes):
            ax.text(1.01, place, f"{size:,}", va="center", fontsize=6.5, color=figures.GREY)
        ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}")
        ax.set(xlabel="share of the vocabulary (%)", xlim=(0, 1), ylim=(len(order) - 0.5, -0.5))
        figure.legend(loc="outside upper center", ncols=6, handlelength=1, columnspacing=1.2)
        figures.note(figure, "Right: tokens in the vocabulary. In the bars: per cent, where there is room.")
        figures.save(figure, output)


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    """Shares by tokenizer and part: scripts by their names, the largest first, then kinds."""
    scripts = table[~table["part"].isin(KINDS)]
    largest = scripts.groupby("part")["share"].max().sort_values(ascending=False, kind="stable").index
    names = {part: labels.script(part) for part in largest[:SCRIPTS]}
    names |= dict.fromkeys(largest[SCRIPTS:], OTHERS) | {kind: kind for kind in KINDS}
    columns = [*dict.fromkeys(names[part] for part in largest), *KINDS]
    summed = table.assign(part=table["part"].map(names)).groupby(["tokenizer", "part"])["share"].sum()
    wide = summed.unstack(fill_value=0.0)  # a part that a vocabulary lacks has no tokens in it
    return wide[[column for column in columns if column in wide]]


if __name__ == "__main__":
    main(plot_vocabulary)
