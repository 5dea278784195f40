"""Draw the training loss of every adapter, step by step.

Example:
    python workflow/scripts/paper_plot_loss.py --output loss.pdf \
        results/lora/costs.parquet results/lora/smollm2-135m-q4_1/arithmetic/lora-r16/seed-0/steps.parquet

READS   results/lora/costs.parquet (which trainings failed)
        results/lora/{model}/{task}/{arm}/seed-{seed}/steps.parquet (the cell is read from the path)
WRITES  the figure, once per --output
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import UserError, main
from lib.contracts.lora import COSTS, FINISHED, STEPS
from lib.paper import figures, labels
from lib.progress import Work

PARTS = 15  # a moving average is over this part of the steps


def plot_loss(
    output: Annotated[
        list[Path], typer.Option(help="Figure to write; its ending names the format. Repeatable.")
    ],
    costs: Annotated[Path, typer.Argument(help="Training costs.")],
    steps: Annotated[
        list[Path] | None, typer.Argument(help="Training steps of one adapter each; none draws n/a.")
    ] = None,
) -> None:
    """Draw the training loss of every adapter, step by step."""
    from matplotlib.ticker import MaxNLocator

    with Work("paper_plot_loss", 1, "figures"):
        spent = COSTS.read(costs)
        finished = spent[spent["status"] == FINISHED]
        finished = set(
            zip(*(finished[name].astype(str) for name in ("model", "task", "arm", "seed")), strict=True)
        )
        curves = {path: cell for path in steps or [] if (cell := _cell(path)) in finished}
        if not curves:
            return figures.nothing(output)
        cells = list(curves.values())
        panels = sorted({cell[:2] for cell in cells})
        arms = sorted({cell[2] for cell in cells}, key=labels.natural)
        columns = min(3, len(panels))
        count = -(-len(panels) // columns)

        figure, axes = figures.panels(count, columns, 1.0 + 2.2 * count, sharey=True)
        colours = figures.shades(arms)
        places = dict(zip(panels, axes.flat, strict=False))
        for path, (model, task, arm, _) in curves.items():
            table, ax = STEPS.read(path), places[model, task]
            ax.plot(table["step"], table["loss"], color=colours[arm], alpha=0.15, linewidth=0.7)
            ax.plot(
                table["step"],
                table["loss"].rolling(max(1, len(table) // PARTS), min_periods=1, center=True).mean(),
                color=colours[arm],
            )
        for (model, task), ax in places.items():
            ax.set(title=f"{task}\n{labels.wrapped(model, 26)}", xlabel="optimizer step")
            ax.set_ylim(bottom=0)
            ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        for ax in axes[:, 0]:
            ax.set_ylabel("loss (nats per target token)")
        for ax in axes.flat[len(panels) :]:
            ax.set_visible(False)
        for arm, colour in colours.items():
            axes[0, 0].plot([], [], color=colour, label=arm)
        figure.legend(loc="outside upper center", ncols=6)
        drawn = f"Pale: single steps; strong: moving average over 1/{PARTS} of them; one line a seed."
        figures.note(figure, drawn + figures.left_out(labels.failed(spent)))
        figures.save(figure, output)


def _cell(path: Path) -> tuple[str, str, str, str]:
    """Model, task, arm and seed, from the folders that the file lies in."""
    parts = path.resolve().parts[-5:-1]
    if len(parts) != 4 or not parts[3].startswith("seed-"):
        raise UserError(
            f"{path}: expected {{model}}/{{task}}/{{arm}}/seed-{{seed}}/steps.parquet; name it so"
        )
    return (*parts[:3], parts[3].removeprefix("seed-"))


if __name__ == "__main__":
    main(plot_loss)
