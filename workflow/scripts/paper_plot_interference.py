"""Draw the cosines between gradients of tasks: of the whole model, by layer, and by kind of matrix.

Example:
    python workflow/scripts/paper_plot_interference.py --output interference.pdf \
        results/interference/cosines.parquet

READS   results/interference/cosines.parquet
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.cli import main
from lib.contracts.interference import COSINES
from lib.paper import figures, labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FEW = 3  # tasks whose squares have room for intervals
COLOURS = {"cmap": "vlag_r", "vmin": -1, "vmax": 1, "cbar": False}  # blue agrees, red conflicts


def plot_interference(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    cosines: Annotated[Path, typer.Argument(help="Gradient cosines.")],
) -> None:
    """Draw the cosines between gradients of tasks, with the ceiling of each task on the diagonal."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    with Work("paper_plot_interference", 1, "figures"):
        figures.style()  # before colours are looked up by name
        table = COSINES.read(cosines)
        if table.empty:
            return figures.nothing(output)
        models = sorted(set(table["model"]))
        heights = []
        for model in models:
            tasks = table[table["model"] == model]["task"].nunique()
            heights += [0.45 * tasks + 0.6, 0.15 * tasks * (tasks - 1) + 0.6]

        figure, axes = figures.panels(
            2 * len(models),
            2,
            1.0 + sum(heights),
            gridspec_kw={"height_ratios": heights, "width_ratios": [3, 2]},
        )
        for number, model in enumerate(models):
            rows = table[table["model"] == model]
            whole, pairs = rows[rows["grouped"] == "model"], rows[rows["task"] != rows["other"]]
            above, below = axes[2 * number], axes[2 * number + 1]
            _tasks(above[0], whole, "cosine")
            _tasks(above[1], whole, "corrected")
            _pairs(below[0], pairs[pairs["grouped"] == "layer"])
            _pairs(below[1], pairs[pairs["grouped"] == "kind"])
            above[0].set_title(f"{model}: cosine, and ceiling on the diagonal")
            above[1].set_title("cosine without noise")
            for ax in (above[1], below[1]):
                ax.set_yticks([])
            below[0].set(title="cosine without noise, by layer", xlabel="layer")
            below[1].set_title("by kind of matrix")
        scale = ScalarMappable(Normalize(COLOURS["vmin"], COLOURS["vmax"]), COLOURS["cmap"])
        figure.colorbar(scale, ax=axes, label="cosine between gradients", aspect=30, pad=0.02)
        batches, items = figures.count(table["n_batches"]), figures.count(table["n_items"])
        figures.note(
            figure,
            f"{items} items a task in {batches} batches; means over half of the batches are compared. "
            "Brackets: 95 % intervals over batches, where there is room.",
        )
        figures.save(figure, output)


def _tasks(ax: Axes, rows: pd.DataFrame, column: str) -> None:
    """A square of tasks; where they are few, each value stands above its interval."""
    import pandas as pd

    few = rows["task"].nunique() <= FEW
    rows = rows.assign(text=[_text(row, column, few) for row in rows.to_dict("records")])
    swapped = rows[rows["task"] != rows["other"]].rename(columns={"task": "other", "other": "task"})
    both = pd.concat([rows, swapped])
    values = both.pivot(index="task", columns="other", values=column)
    texts = both.pivot(index="task", columns="other", values="text")
    figures.heat_map(ax, values, texts=texts, **COLOURS)
    ax.set(xlabel="", ylabel="")
    ax.tick_params(axis="x", rotation=0 if few else 90)
    ax.tick_params(axis="y", rotation=0)


def _text(row: dict[str, Any], column: str, with_interval: bool) -> str:
    low, high = row[f"{column}_low"], row[f"{column}_high"]
    known = with_interval and low == low and row["task"] != row["other"]
    return f"{row[column]:.2f}" + (f"\n[{low:.2f}, {high:.2f}]" if known else "")


def _pairs(ax: Axes, rows: pd.DataFrame) -> None:
    """Pairs of tasks by layer, or by kind of matrix."""
    rows = rows.assign(pair=rows["task"] + ", " + rows["other"])
    values = rows.pivot_table(index="pair", columns="group", values="corrected", dropna=False)
    values = values[sorted(values.columns, key=labels.natural)]
    values.index = [name.replace(", ", ",\n") for name in values.index]
    figures.heat_map(ax, values, **COLOURS)
    apart = max(1, len(values.columns) // 10)
    places = range(0, len(values.columns), apart)
    ax.set_xticks([place + 0.5 for place in places], [_short(values.columns[place]) for place in places])
    ax.tick_params(axis="y", rotation=0)
    ax.set(xlabel="", ylabel="")


def _short(kind: str) -> str:
    """A kind of matrix without what all have in their names."""
    return kind.removesuffix("_proj")


if __name__ == "__main__":
    main(plot_interference)
