"""Reproduce the rank thresholds of "The Expressive Power of Low-Rank Adaptation" (Zeng & Lee, ICLR 2024).

Example:
    python workflow/scripts/expressivity_reproduce.py --seeds 5 --steps 300 \
        --thresholds results/expressivity/thresholds.parquet

WRITES  for the paper's models, each rank and seed: how far the updates of its proofs, and LoRA trained by
        Adam, are from the target (contract expressivity.THRESHOLDS)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.cli import main
from lib.contracts.expressivity import THRESHOLDS
from lib.progress import Work

if TYPE_CHECKING:
    from lib.expressivity.paper_model import PaperModel

DIMENSION = 16  # rows and columns of every matrix, as in the paper's experiments
RATES = (0.01, 0.03)  # of Adam: of each run the one counts that came nearer, on inputs of their own
HELD_OUT = 64  # inputs that errors are measured on


def expressivity_reproduce(
    seeds: Annotated[int, typer.Option(help="Pairs of a frozen model and a target, of each kind.")],
    steps: Annotated[int, typer.Option(help="Steps of Adam.")],
    thresholds: Annotated[Path, typer.Option(help="Table to write.")],
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Reproduce the rank thresholds of the paper's models: by its proofs, and by training."""
    import torch

    from lib.expressivity.feedforward import FeedForward
    from lib.expressivity.linear import Linear
    from lib.expressivity.transformer import Transformer

    torch.set_num_threads(threads)
    kinds = [(Linear, 1), (Linear, 2), (Linear, 4), (FeedForward, 4), (Transformer, 1), (Transformer, 2)]
    rows: list[dict[str, Any]] = []
    with Work("expressivity_reproduce", len(kinds) * len(RATES) * steps, "steps") as work:
        for kind, depth in kinds:
            model = kind(DIMENSION, depth, range(seeds))
            for how, rank, errors in (*_proved(model), *_trained(model, steps, work)):
                names = {"model": model.name, "depth": depth, "dimension": DIMENSION, "rank": rank}
                names |= {"threshold": model.threshold, "how": how, "measure": model.measure}
                rows += [{**names, "seed": seed, "error": error} for seed, error in enumerate(errors)]
        facts = {"steps": steps, "rates": RATES, "threads": threads, "dtype": "torch.float64"}
        THRESHOLDS.write(rows, thresholds, **facts)


def _proved(model: PaperModel) -> Iterator[tuple[str, int, list[float]]]:
    """Errors of each seed by rank: what the construction leaves, and the least that can be left."""
    inputs = model.inputs(HELD_OUT, "held out")
    for rank in range(1, min(model.dimension, model.threshold + 1) + 1):
        yield "constructed", rank, model.error(model.constructed(rank), inputs).tolist()
        if model.name == "linear":
            yield "bound", rank, model.bound(rank).tolist()


def _trained(model: PaperModel, steps: int, work: Work) -> Iterator[tuple[str, int, list[float]]]:
    """Errors of each seed by rank: 1, 2, 4, ..., at the threshold, and just below it."""
    import torch

    from lib.expressivity.fitting import trained

    threshold = model.threshold
    powers = {2**power for power in range(threshold.bit_length())}
    ranks = sorted((powers | {threshold - 1, threshold}) - {0})
    chosen, tested = model.inputs(HELD_OUT, "choice of a rate"), model.inputs(HELD_OUT, "held out")
    nearness, errors = [], []
    for rate in RATES:
        weights = trained(model, ranks, rate, steps, work.advance)
        nearness.append(model.distance(weights, chosen))
        errors.append(model.error(weights, tested))
    best = torch.stack(nearness).argmin(0, keepdim=True)
    for rank, of_seeds in zip(ranks, torch.stack(errors).gather(0, best)[0], strict=True):
        yield "trained", rank, of_seeds.tolist()


if __name__ == "__main__":
    main(expressivity_reproduce)
