"""Score one cell: a metric with an interval for every decoder that its branches allow.

Example:
    python workflow/scripts/evaluation_score.py --items results/task/arithmetic/test.parquet \
        --resamples 1000 --seed 0 --scores scores.parquet \
        --cost results/lora/smollm2-135m-q4_1/arithmetic/lora-r16/seed-0/cost.parquet \
        answers/cot.parquet answers/self-consistency.parquet

READS   answers (contract answers.ANSWERS), task items (task.ITEMS), the cost of the cell's training
        (lora.COSTS)
WRITES  scores (contract scores.SCORES); none where the training failed
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.answers import ANSWERS
from lib.contracts.branches import CELL
from lib.contracts.lora import COSTS
from lib.contracts.scores import SCORES
from lib.contracts.task import ITEMS
from lib.decoding.scoring import measures
from lib.decoding.scoring import scores as scores_of
from lib.progress import Work


def evaluation_score(
    items: Annotated[Path, typer.Option(help="Table of the task items.")],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")],
    scores: Annotated[Path, typer.Option(help="Table of scores to write.")],
    answers: Annotated[
        list[Path],
        typer.Argument(help="Answers of one cell, a table a decoding; first that with the greedy path."),
    ],
    cost: Annotated[
        Path | None,
        typer.Option(help="Cost of the training, which names method and rank; none for the base."),
    ] = None,
) -> None:
    """Score one cell, with intervals over its items, or their templates where training has not seen them."""
    judged = ANSWERS.read(*answers)
    trained = COSTS.read(cost).iloc[0] if cost else {}
    with Work("evaluation_score"):
        if judged.empty:
            return SCORES.write([], scores, inputs=[*answers, items], seed=seed)
        found = scores_of(measures(judged, ITEMS.read(items)), resamples, seed)
        names = judged[list(CELL)].iloc[0].to_dict()
        names |= {name: trained.get(name) for name in ("method", "rank")}
        SCORES.write([{**names, **row} for row in found], scores, inputs=[*answers, items], seed=seed)


if __name__ == "__main__":
    main(evaluation_score)
