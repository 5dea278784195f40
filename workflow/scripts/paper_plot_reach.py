"""Draw how far each head looks back, and how much it rests on the sinks, by kind of text.

Example:
    python workflow/scripts/paper_plot_reach.py --output reach.pdf results/attention/reach.parquet

READS   results/attention/reach.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.attention import REACH
from lib.paper import figures
from lib.progress import Work

DOMAINS = ("translation", "maths", "code")  # in this order; any others follow by name


def plot_reach(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    reach: Annotated[Path, typer.Argument(help="Attention reach by head.")],
) -> None:
    """Draw how far each head looks back, and how much it rests on the sinks, by kind of text."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, Normalize

    with Work("paper_plot_reach", 1, "figures"):
        figures.style()  # before colours are looked up by name
        table = REACH.read(reach)
        if table.empty:
            return figures.nothing(output)
        domains = sorted(
            set(table["domain"]), key=lambda name: (DOMAINS.index(name) if name in DOMAINS else 9, name)
        )
        models = sorted(set(zip(table["model"], table["arm"], table["round"], strict=True)))
        distance = _statistic(table, "reach", "token")
        lowest, highest = max(distance["value"].min(), 1), max(distance["value"].max(), 2)
        kinds = [
            (distance, ScalarMappable(LogNorm(lowest, highest), "crest"), "reach (tokens)"),
            (
                _statistic(table, "sink_share", "token"),
                ScalarMappable(Normalize(0, 1), "flare"),
                "share on sinks",
            ),
        ]

        figure, axes = figures.panels(
            2 * len(models), len(domains), 0.6 + 3.6 * len(models), sharex=True, sharey=True
        )
        for number, model in enumerate(models):
            for (part, colours, label), line in zip(kinds, axes[2 * number :], strict=False):
                for ax, domain in zip(line, domains, strict=True):
                    _heads(ax, _of(part, model, domain), colours)
                bar = figure.colorbar(colours, ax=list(line), label=label, aspect=10, pad=0.02)
                if label.startswith("reach"):
                    figures.plain_log(bar.ax.yaxis, figures.log_ticks(lowest, highest, (1, 1.5, 2, 3, 5, 7)))
                line[0].set_ylabel("head")
            for ax, domain in zip(axes[2 * number], domains, strict=True):
                tokens = _of(distance, model, domain)["value"].median()
                letters = _of(_statistic(table, "reach", "char"), model, domain)["value"].median()
                middle = f"{_shown(tokens)} tokens, {_shown(letters)} characters"
                ax.set_title(f"{domain}\nmedian {middle}", fontsize=7.5)
            axes[2 * number, 0].annotate(
                f"{model[0]}, {model[1]}" + (f", round {model[2]}" if model[2] else ""),
                (0, 1),
                xytext=(0, 30),
                xycoords="axes fraction",
                textcoords="offset points",
            )
        for ax in axes[-1]:
            ax.set_xlabel("layer")
        null = _statistic(table, "null_reach", "token")["value"].mean()
        uniform = "" if null != null else f"; a head that looks everywhere alike would have {null:.0f} tokens"
        figures.note(figure, f"Means over {figures.count(table['n_docs'])} windows a kind of text{uniform}.")
        figures.save(figure, output)


def _statistic(table, statistic, unit):
    return table[(table["statistic"] == statistic) & (table["unit"] == unit)]


def _of(table, model, domain):
    """Rows of one model, arm and round on one kind of text."""
    name, arm, number = model
    key = (table["model"] == name) & (table["arm"] == arm) & (table["round"] == number)
    return table[key & (table["domain"] == domain)]


def _shown(value):
    return figures.MISSING if value != value else f"{value:.0f}"


def _heads(ax, rows, colours):
    """One cell per head, in the colours shared by all kinds of text."""
    if rows.empty:
        figures.empty(ax)
        return
    values = rows.pivot_table(index="head", columns="layer", values="value", aggfunc="mean")
    figures.heat_map(ax, values, cmap=colours.get_cmap(), norm=colours.norm, cbar=False)
    for axis, names in ((ax.xaxis, values.columns), (ax.yaxis, values.index)):
        apart = max(1, len(names) // 6)
        axis.set_ticks([place + 0.5 for place in range(0, len(names), apart)], names[::apart], rotation=0)
    ax.set(xlabel="", ylabel="")


if __name__ == "__main__":
    main(plot_reach)
