"""Cut the update of a full fine-tuning to lower ranks, and see what the model loses.

Example:
    python workflow/scripts/expressivity_truncate.py --model results/model/smollm2-135m-q4_1 \
        --cell '{"model": "smollm2-135m-q4_1", "task": "arithmetic", "arm": "full", "seed": 0,
            "split": "test"}' \
        --full results/lora/smollm2-135m-q4_1/arithmetic/full/seed-0/adapter --rank 0 --rank 4 --rank 16 \
        --arms '{"lora-r4": {"rank": 4,
            "folder": "results/lora/smollm2-135m-q4_1/arithmetic/lora-r4/seed-0/adapter"}}' \
        --items results/task/arithmetic/test.parquet --most 100 --truncation truncation.parquet

READS   a model folder, adapter folders, task items (contract task.ITEMS)
WRITES  losses on the items' targets, and distances from the full fine-tuning, of the model before and after
        it, with its update cut to each rank, and with trained adapters, of which those of such a rank also
        by how far they are above the cut update, item by item (contract expressivity.TRUNCATION); no rows
        where the full fine-tuning failed
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from lib.adaptation import saved
from lib.cli import UserError, main, settings
from lib.contracts.expressivity import TRUNCATION
from lib.contracts.task import ITEMS
from lib.intervals import bootstrap_ratio
from lib.progress import Work

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def expressivity_truncate(
    model: Annotated[Path, typer.Option(help="Folder of the model before the training.")],
    cell: Annotated[str, typer.Option(help="The full fine-tuning: JSON with model, task, arm, seed, split.")],
    full: Annotated[Path, typer.Option(help="Its adapter folder.")],
    rank: Annotated[list[int], typer.Option(help="Rank to cut to; 0 leaves no update. Repeatable.")],
    arms: Annotated[str, typer.Option(help="Trained adapters: JSON with rank and folder of each arm.")],
    items: Annotated[Path, typer.Option(help="Table of task items.")],
    most: Annotated[int, typer.Option(help="Most items that are read, a draw.")],
    truncation: Annotated[Path, typer.Option(help="Table to write.")],
    chat: Annotated[bool, typer.Option(help="Put prompts into the model's chat template.")] = False,
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Measure what a full fine-tuning loses at each rank, beside adapters that were trained at it."""
    names, others, ranks = settings(cell), settings(arms), sorted(rank)
    facts = {"inputs": [items, full / saved.WEIGHTS], "seed": seed, "threads": threads}
    if saved.left_out(full, "measured"):
        return TRUNCATION.write([], truncation, **facts)
    asked = ITEMS.read(items).sort_values("item_id").head(most)  # the names are hashes: a draw
    if asked.empty:
        raise UserError(f"{items}: no items; check what the table was made from")

    from lib.expressivity import distributions
    from lib.models import lm

    network, tokenizer = lm.load(model, full, "float32", threads)
    rows = lm.training_rows(tokenizer, asked["prompt"], asked["target"], chat)
    sizes = [len(row.target) for row in rows]
    names |= {"width": network.config.get_text_config().hidden_size, "n_items": len(rows)}
    found: list[dict[str, Any]] = []

    with Work("expressivity_truncate", 2 + len(ranks) + len(others), "models") as work:
        reference = list(distributions.log_probabilities(network, rows))

        def measured(seen: Iterable[torch.Tensor]) -> np.ndarray:
            """Loss and divergence of each item, shape (2, items)."""
            pairs = zip(seen, reference, rows, strict=True)
            totals = [
                (distributions.loss(one, row.target), distributions.divergence(wanted, one))
                for one, wanted, row in pairs
            ]
            work.advance()
            return np.array(totals).T

        def add(how: str, arm: str | None, rank: int | None, totals: np.ndarray) -> None:
            for metric, sums in zip(("nll", "kl"), totals, strict=True):
                value, low, high = bootstrap_ratio(sums, np.array(sizes), resamples, seed)
                interval = {"metric": metric, "value": value, "ci_low": low, "ci_high": high}
                found.append({**names, "how": how, "arm": arm, "rank": rank, **interval})

        add("full", names["arm"], None, measured(reference))
        del network  # one model at a time
        cut: dict[int, np.ndarray] = {}
        for how, arm, rank, network in _others(model, full, names["arm"], ranks, others, threads):
            totals = measured(distributions.log_probabilities(network, rows))
            add(how, arm, rank, totals)
            if how == "truncated":
                cut[rank] = totals
            elif rank in cut:
                add("gap", arm, rank, totals - cut[rank])
        TRUNCATION.write(found, truncation, **facts)


def _others(
    model: Path, full: Path, full_arm: str, ranks: list[int], arms: dict[str, dict[str, Any]], threads: int
) -> Iterator[tuple[str, str | None, int | None, PreTrainedModel]]:
    """The models beside the full fine-tuning, one at a time: how each was made, its arm, and its rank."""
    from lib.expressivity import update
    from lib.models import lm

    network, _ = lm.load(model, None, "float32", threads)
    yield "base", None, None, network
    for rank in update.truncations(network, full, ranks):
        yield "truncated", full_arm, rank, network
    for arm, made in arms.items():
        if not saved.left_out(Path(made["folder"]), "measured"):
            network, _ = lm.load(model, Path(made["folder"]), "float32", threads)
            yield "trained", arm, made["rank"], network


if __name__ == "__main__":
    main(expressivity_truncate)
