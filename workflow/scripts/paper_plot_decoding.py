"""Draw what each way of decoding gets, and for how many tokens: greedy, CoT-decoding, samples, beams, trees.

Example:
    python workflow/scripts/paper_plot_decoding.py --output decoding.pdf results/evaluation/summary.parquet

READS   results/evaluation/summary.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.scores import SUMMARY
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MARKERS = "osD^vPX*<>"  # a decoding each, greedy first


def plot_decoding(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    summary: Annotated[Path, typer.Argument(help="Scores over seeds.")],
) -> None:
    """Draw what each way of decoding gets, and for how many tokens: greedy, branches, samples, beams."""
    with Work("paper_plot_decoding", 1, "figures"):
        scores = SUMMARY.read(summary)
        table = labels.main_scores(scores)
        cell = ["model", "task", "arm"]
        others = [name for name in labels.decoders(table["decoder"]) if name != labels.GREEDY]
        branched = table[table["decoder"].isin(others)][cell].drop_duplicates()
        table = table.merge(branched, on=cell)
        spent = scores[scores["metric"] == "tokens"].rename(columns={"value": "tokens"})
        table = table.merge(spent[[*cell, "split", "decoder", "tokens"]], how="left")
        if table.empty:
            return figures.nothing(output)
        panels = sorted(set(zip(table["task"], table["model"], strict=True)))
        arms = sorted(set(table["arm"]), key=labels.natural)
        most = branched.groupby(["task", "model"]).size().max()
        colours = figures.colours(arms)
        decoders = labels.decoders(table["decoder"])
        markers = dict(zip(dict.fromkeys(map(labels.decoding, decoders)), itertools.cycle(MARKERS)))

        height = 1.2 + 0.12 * len(decoders) * max(most, 2)
        shape = {"gridspec_kw": {"width_ratios": [3, 2]}}
        figure, axes = figures.panels(len(panels), 2, 0.3 + height * len(panels), **shape)
        for (ax, beside), (task, model) in zip(axes, panels, strict=True):
            rows = table[(table["task"] == task) & (table["model"] == model)]
            drawn = [arm for arm in arms if arm in set(rows["arm"])]
            for place, arm in enumerate(drawn):
                part = rows[rows["arm"] == arm].set_index("decoder").reindex(decoders)
                offset = 0.7 / len(drawn) * (place - (len(drawn) - 1) / 2)
                positions = [number + offset for number in range(len(decoders))]
                figures.points(ax, positions, part, horizontal=True, color=colours[arm])
                for position, value, high in zip(positions, part["value"], part["ci_high"], strict=True):
                    if value == value:  # not missing
                        end = high if high == high else value
                        ax.annotate(
                            f"{value:.1f}",
                            (end, position),
                            xytext=(4, 0),
                            textcoords="offset points",
                            va="center",
                            fontsize=6.5,
                        )
            ax.set_title(f"{task}, {model}", loc="left")
            ax.set(
                xlabel=labels.METRICS[rows["metric"].iloc[0]].label,
                yticks=range(len(decoders)),
                yticklabels=map(labels.decoder, decoders),
                ylim=(len(decoders) - 0.5, -0.5),
            )
            highest = rows[["value", "ci_high"]].max(axis=None)
            ax.set_xlim(0, 1.08 * highest if highest > 0 else 1)
            _by_tokens(beside, rows, markers, colours)
        for arm, colour in colours.items():
            axes[0, 1].scatter([], [], color=colour, marker="s", label=arm)
        for decoding, marker in markers.items():
            axes[0, 1].scatter([], [], color=figures.GREY, marker=marker, label=decoding)
        figure.legend(*axes[0, 1].get_legend_handles_labels(), loc="outside upper right", ncols=6)
        figures.note(
            figure,
            f"{figures.over(table)}\nRight: a marker for each way in which an answer is selected, without "
            "oracles, over all tokens that were decoded for a question, on average.",
        )
        figures.save(figure, output)


def _by_tokens(
    ax: Axes, rows: pd.DataFrame, markers: dict[str, str], colours: dict[str, tuple[float, ...]]
) -> None:
    """Scores over the tokens that they take, of all selections that need no gold answer."""
    kept = rows[~rows["decoder"].str.endswith("-oracle")]
    for decoding, marker in markers.items():
        part = kept[kept["decoder"].map(labels.decoding) == decoding]
        shown = {"marker": marker, "s": 22, "linewidths": 0}
        ax.scatter(part["tokens"], part["value"], c=list(part["arm"].map(colours)), **shown)
    ax.set_xscale("log")
    low, high = kept["tokens"].min(), kept["tokens"].max()
    ax.set(xlim=(low / 1.3, 1.3 * high), xlabel="tokens a question (logarithmic scale)")
    figures.plain_log(ax.xaxis, figures.log_ticks(low / 1.3, 1.3 * high))
    ax.set(ylim=(0, None), ylabel=labels.METRICS[rows["metric"].iloc[0]].label)


if __name__ == "__main__":
    main(plot_decoding)
