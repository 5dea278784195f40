"""Draw accuracy by round of self-improvement, and how far the first loop ends above all others.

Example:
    python workflow/scripts/paper_plot_rounds.py --split test --output rounds.pdf \
        results/selfimprove/rounds.parquet results/selfimprove/comparisons.parquet \
        results/selfimprove/gate.parquet

READS   results/selfimprove/rounds.parquet, comparisons.parquet, gate.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.cli import main
from lib.contracts.scores import COMPARISONS, GATES, ROUNDS
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("greedy", "max", "aggregate")


def plot_rounds(
    split: Annotated[str, typer.Option(help="Split of a loop's task that comes first.")],
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    rounds: Annotated[Path, typer.Argument(help="Scores of the self-improvement rounds.")],
    comparisons: Annotated[Path, typer.Argument(help="Paired differences of last rounds.")],
    gates: Annotated[Path, typer.Argument(help="Whether branches hold more than greedy decoding.")],
) -> None:
    """Draw accuracy by round, a row for each test, and the differences that the last rounds come to."""
    with Work("paper_plot_rounds", 1, "figures"):
        table = labels.main_scores(ROUNDS.read(rounds))
        apart = labels.main_scores(COMPARISONS.read(comparisons))
        decoders = labels.decoders(table.loc[table["round"] > 0, "decoder"])
        decoders = [name for name in decoders if name.endswith(SHOWN)]
        if not decoders:
            return figures.nothing(output)
        table = table[table["decoder"].isin(decoders)]
        names = _names(table)
        colours = figures.colours(sorted(set(table["loop"])))

        rows: list[tuple[str, pd.DataFrame]] = []
        for task, model in labels.panels(table):
            own = table[(table["task"] == task) & (table["model"] == model)]
            tests = set(zip(own["tested"], own["split"], strict=True))
            for test in sorted(tests, key=lambda test: (test != (task, split), test[0] != task, test)):
                rows.append(("curves", own[(own["tested"] == test[0]) & (own["split"] == test[1])]))
            ended = apart[(apart["task"] == task) & (apart["model"] == model)]
            rows += [("differences", ended)] if len(ended) else []
        heights = [2.1 if kind == "curves" else 0.75 + 0.17 * part["arm"].nunique() for kind, part in rows]
        figure, axes = figures.panels(len(rows), len(decoders), 0.9 + sum(heights), height_ratios=heights)
        for line, (kind, part) in zip(axes, rows, strict=True):
            if kind == "curves":
                _curves(line, part, decoders, colours)
            else:
                _differences(line, part, decoders, names, colours)
        for ax, decoder in zip(axes[0], decoders, strict=True):
            ax.set_title(labels.decoder(decoder))
        for loop, colour in colours.items():
            axes[0, 0].plot([], [], "o-", color=colour, label=loop)
        figure.legend(loc="outside upper center", ncols=6, title="loop")
        figures.note(figure, _note(table, apart, GATES.read(gates)))
        figures.save(figure, output)


def _names(table: pd.DataFrame) -> dict[str, str]:
    """What the arms of comparisons are called, which have the names of a loop and its last round."""
    last = table.groupby("loop")["round"].max()
    return {f"{loop}-round-{number}": loop for loop, number in last.items()}


def _curves(line: Any, rows: pd.DataFrame, decoders: list[str], colours: dict[str, Any]) -> None:
    """Scores by round."""
    high = rows[["value", "ci_high"]].max(axis=None)
    for ax, decoder in zip(line, decoders, strict=True):
        figures.by_round(ax, rows[rows["decoder"] == decoder], colours)
        ax.set_ylim(0, 1.05 * high if high > 0 else 1)
        ax.tick_params(labelleft=ax is line[0])
    tested, split, metric = rows[["tested", "split", "metric"]].iloc[0]
    line[0].set_ylabel(f"{tested}, {split}:\n{labels.METRICS[metric].label}")


def _differences(
    line: Any, rows: pd.DataFrame, decoders: list[str], names: dict[str, str], colours: dict[str, Any]
) -> None:
    """How far the first loop is above the start and above each other loop, on the same items."""
    # The table has them the other way round: the arm less the first loop.
    turned = {"value": -rows["value"], "ci_low": -rows["ci_high"], "ci_high": -rows["ci_low"]}
    rows = rows.assign(**turned)
    arms = sorted(set(rows["arm"]), key=lambda arm: (arm in names, arm))
    reference = names.get(rows["reference"].iloc[0], rows["reference"].iloc[0])
    for ax, decoder in zip(line, decoders, strict=True):
        part = rows[rows["decoder"] == decoder].set_index("arm").reindex(arms)
        figures.differences(ax, part, [colours.get(names.get(arm), "black") for arm in arms])
        ax.set(yticks=range(len(arms)), yticklabels=[], ylim=(len(arms) - 0.4, -0.6))
        ax.set_xlabel(f"{reference} above it (points)")
    line[0].set_yticklabels([names.get(arm, f"before: {arm}") for arm in arms])


def _note(table: pd.DataFrame, apart: pd.DataFrame, gates: pd.DataFrame) -> str:
    """What intervals are over, what points mean, and which start adapters pass the gate."""
    text = f"By round, points are seeds and lines their means; {figures.count(table['n_items'])} items."
    if table["seed"].nunique() == 1:
        text = figures.over(table)
    text += f" Models: {', '.join(sorted(set(table['model'])))}."
    if len(apart):
        over = " or ".join(sorted(set(apart["interval_over"])))
        text += f"\nDifferences after the last round: bars over {over}; filled where p is below "
        text += f"{figures.LEVEL} (Holm); in the grey band, below what 80 % of such runs would find."
    if len(gates):
        shut = gates[~gates["passed"]]
        text += (
            f"\nGate, oracle above greedy on the first pool: {len(gates) - len(shut)} of {len(gates)} start "
        )
        text += f"adapters pass, the difference is {_span(gates)} points."
        named = [
            f"{row.model} on {row.task}, {row.arm}, seed {row.seed}, {row.split} "
            f"({100 * row.value:.1f} [{100 * row.ci_low:.1f}, {100 * row.ci_high:.1f}])"
            for row in shut.itertuples()
        ]
        text += f" Not passed: {'; '.join(named)}." if named else ""
    return text


def _span(gates: pd.DataFrame) -> str:
    low, high = (f"{100 * end:.1f}" for end in (gates["value"].min(), gates["value"].max()))
    return low if low == high else f"{low} to {high}"


if __name__ == "__main__":
    main(plot_rounds)
