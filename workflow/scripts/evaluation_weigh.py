"""Weigh the choices of a task's items: the log-likelihood of each, given the prompt.

Example:
    python workflow/scripts/evaluation_weigh.py --model results/model/smollm2-135m-q4_1 \
        --adapter results/lora/smollm2-135m-q4_1/exam/lora-r16/seed-0/adapter \
        --cell '{"model": "m", "task": "exam", "arm": "lora-r16", "seed": 0, "split": "test"}' \
        --items results/task/exam/test.parquet --likelihoods likelihoods.parquet

READS   a model folder, an adapter folder, task items (contract task.ITEMS)
WRITES  log-likelihoods (likelihoods.LIKELIHOODS): nothing is normalised here, and nothing chosen
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.adaptation import saved
from lib.cli import main, settings
from lib.contracts.likelihoods import LIKELIHOODS
from lib.contracts.task import ITEMS
from lib.progress import Work


def evaluation_weigh(
    model: Annotated[Path, typer.Option(help="Folder of the base model.")],
    cell: Annotated[str, typer.Option(help="What weighs: JSON with model, task, arm, seed, split.")],
    items: Annotated[Path, typer.Option(help="Table of task items.")],
    likelihoods: Annotated[Path, typer.Option(help="Table of log-likelihoods to write.")],
    adapter: Annotated[Path | None, typer.Option(help="Adapter folder; none for the base model.")] = None,
    chat: Annotated[bool, typer.Option(help="Put prompts into the model's chat template.")] = False,
    dtype: Annotated[str, typer.Option(help="Type of the weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Weigh every choice of every item of a task."""
    asked = ITEMS.read(items).explode("choices").reset_index(drop=True)
    names = settings(cell)
    if saved.left_out(adapter, "weighed"):
        return LIKELIHOODS.write([], likelihoods, inputs=[items])

    from lib.likelihood import losses
    from lib.models import lm
    from lib.packing import Row

    network, tokenizer = lm.load(model, adapter, dtype, threads)
    prompts = lm.prompt_ids(tokenizer, asked["prompt"], chat)
    choices = lm.token_ids(tokenizer, asked["choices"])
    with Work("evaluation_weigh", len(asked), "choices") as work:
        found = losses(network, list(map(Row, prompts, choices)), work.advance)
        rows = asked[["item_id"]].assign(
            **names,
            choice=asked.groupby("item_id").cumcount(),
            log_likelihood=[-loss for loss in found],
            tokens=[len(choice) for choice in choices],
        )
        facts = {"dtype": str(network.dtype), "threads": threads}
        LIKELIHOODS.write(rows, likelihoods, inputs=[items], **facts)


if __name__ == "__main__":
    main(evaluation_weigh)
