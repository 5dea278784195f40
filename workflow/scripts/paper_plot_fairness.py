"""Draw the premium of every language, by tokenizer: how unequal each tokenizer is.

Example:
    python workflow/scripts/paper_plot_fairness.py --corpus catalogs --lang jpn_Jpan --reference eng_Latn \
        --output fairness.pdf results/tokenizer/metrics.parquet

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

STEPS = (1, 1.5, 2, 3, 5, 7)  # of the ticks, in every power of ten


def plot_fairness(
    corpus: Annotated[str, typer.Option(help="Corpus that is shown, like catalogs.")],
    lang: Annotated[str, typer.Option(help="Language that is marked, like jpn_Jpan.")],
    reference: Annotated[str, typer.Option(help="Language that the premium is against.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    metrics: Annotated[Path, typer.Argument(help="Tokenizer metrics.")],
) -> None:
    """Draw the premium of every language, by tokenizer: how unequal each tokenizer is."""
    with Work("paper_plot_fairness", 1, "figures"):
        table = METRICS.read(metrics)
        table = table[table["corpus"] == corpus]
        order = labels.tokenizers(table)
        rows = table[(table["metric"] == "premium") & (table["lang"] != reference)]
        plain, middle, _, marked = figures.colours(["plain", "middle", "", "marked"]).values()

        figure, axes = figures.panels(1, 1, 1.3 + 0.32 * len(order))
        ax = axes[0, 0]
        for place, name in enumerate(order):
            values = rows[rows["tokenizer"] == name].dropna(subset="value").sort_values("value")
            if values.empty:
                ax.text(1.02, place, figures.MISSING, va="center", fontsize=6.5, color=figures.GREY)
                continue
            others = values[values["lang"] != lang]["value"]
            ax.plot(values["value"], [place] * len(values), color=figures.PALE, linewidth=4, zorder=0)
            ax.plot(others, [place] * len(others), "o", color=plain, alpha=0.75)
            ax.plot(values["value"].median(), place, "|", color=middle, markersize=13, markeredgewidth=2)
            ax.plot(
                values[values["lang"] == lang]["value"],
                [place] * sum(values["lang"] == lang),
                "D",
                color=marked,
            )
            last = values.iloc[-1]
            ax.annotate(
                labels.language(last["lang"]),
                (last["value"], place),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=6.5,
            )
        ax.axvline(1, color=figures.GREY, linewidth=0.8, linestyle="--")
        ax.set_xscale("log")
        highest = max([1.5, *rows["value"].dropna()])
        ax.set_xlim(min([0.9, *(0.9 * rows["value"].dropna())]), 1.35 * highest)
        figures.plain_log(ax.xaxis, figures.log_ticks(*ax.get_xlim(), STEPS))
        ax.set(
            xlabel=f"tokens against {labels.language(reference)}, same messages (premium, logarithmic scale)",
            yticks=range(len(order)),
            yticklabels=order,
            ylim=(len(order) - 0.5, -0.5),
        )
        ax.plot([], [], "D", color=marked, label=labels.language(lang))
        ax.plot([], [], "o", color=plain, label="another language")
        ax.plot([], [], "|", color=middle, markersize=9, markeredgewidth=2, label="median language")
        figure.legend(loc="outside upper center", ncols=3)
        others = f"Languages besides {labels.language(reference)}: {rows['lang'].nunique()}"
        figures.note(figure, f"{others}; {figures.count(rows['n_docs'])} documents (messages) each.")
        figures.save(figure, output)


if __name__ == "__main__":
    main(plot_fairness)
