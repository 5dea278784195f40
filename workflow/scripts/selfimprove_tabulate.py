"""Tell how a loop went, round by round: scores on the test split, and what each round trained on.

Example:
    python workflow/scripts/selfimprove_tabulate.py --loop confidence --filter confidence \
        --resamples 1000 --seed 0 --rounds rounds.parquet \
        --selected round-1/selected.parquet --selected round-2/selected.parquet \
        start/scores.parquet round-1/scores.parquet round-2/scores.parquet

READS   scores of the start adapter and of each round (contract scores.SCORES), selected chains of each
        round (selected.SELECTED)
WRITES  rounds of one loop (contract scores.ROUNDS), up to the first whose training failed
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.scores import ROUNDS, SCORES
from lib.contracts.selected import SELECTED
from lib.intervals import share
from lib.progress import Work


def selfimprove_tabulate(
    loop: Annotated[str, typer.Option(help="Name of the loop.")],
    filter: Annotated[str, typer.Option(help="How its chains were selected.")],
    seed: Annotated[int, typer.Option(help="Seed of the loop.")],
    rounds: Annotated[Path, typer.Option(help="Table of rounds to write.")],
    selected: Annotated[list[Path], typer.Option(help="Tables of selected chains, round 1 first.")],
    scores: Annotated[list[Path], typer.Argument(help="Tables of scores, the start adapter first.")],
) -> None:
    """Put the scores of a loop's rounds and the precision of its filter into one table."""
    with Work("selfimprove_tabulate", len(scores), "rounds"):
        names = {"loop": loop, "filter": filter, "seed": seed}
        rows = []
        for number, path in enumerate(scores):
            for row in SCORES.read(path).to_dict("records"):
                kept = {key: row[key] for key in ROUNDS.columns if key in row}
                rows.append({**kept, **names, "round": number})
        for number, path in enumerate(selected, 1):
            chains = SELECTED.read(path)
            if chains.empty:
                break
            task = {key: rows[0][key] for key in ("model", "task")}
            precision = share(chains["correct"])
            rows.append(
                {
                    **task,
                    **names,
                    "round": number,
                    "decoder": "selection",
                    "metric": "precision",
                    "value": precision.value,
                    "ci_low": precision.low,
                    "ci_high": precision.high,
                    "interval_over": "items",
                    "n_items": len(chains),
                }
            )
        ROUNDS.write(rows, rounds, inputs=[*scores, *selected], seed=seed)


if __name__ == "__main__":
    main(selfimprove_tabulate)
