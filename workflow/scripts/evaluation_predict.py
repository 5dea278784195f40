"""Decode the items of a task: k branches each, of which the first is the greedy answer.

Example:
    python workflow/scripts/evaluation_predict.py --model results/model/smollm2-135m-q4_1 \
        --adapter results/lora/smollm2-135m-q4_1/arithmetic/lora-r16/seed-0/adapter \
        --decoding '{"branches": 10, "max_new_tokens": 48, "stop": ["\\nQ:"], "rows": 64}' \
        --cell '{"model": "m", "task": "arithmetic", "arm": "lora-r16", "seed": 0, "split": "test"}' \
        --items results/task/arithmetic/test.parquet --branches branches.parquet

READS   a model folder, an adapter folder, task items (contract task.ITEMS)
WRITES  branches (contract branches.BRANCHES): no answer is extracted and nothing judged here; none where
        the adapter's training failed
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.adaptation import saved
from lib.cli import main, settings
from lib.contracts.branches import BRANCHES
from lib.contracts.task import ITEMS
from lib.progress import Work


def evaluation_predict(
    model: Annotated[Path, typer.Option(help="Folder of the base model.")],
    decoding: Annotated[
        str, typer.Option(help="JSON or its file, fields of lib.decoding.branching.Decoding.")
    ],
    cell: Annotated[str, typer.Option(help="What is decoded: JSON with model, task, arm, seed, split.")],
    items: Annotated[Path, typer.Option(help="Table of task items.")],
    branches: Annotated[Path, typer.Option(help="Table of branches to write.")],
    adapter: Annotated[Path | None, typer.Option(help="Adapter folder; none for the base model.")] = None,
    dtype: Annotated[str, typer.Option(help="Type of the weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Decode k branches for each item of a task."""
    asked = ITEMS.read(items)
    names = settings(cell)
    if saved.left_out(adapter, "decoded"):
        return BRANCHES.write([], branches, inputs=[items])

    from lib.decoding.branching import Decoding, decode
    from lib.models import lm

    how = settings(decoding)
    how = Decoding(**{**how, "stop": tuple(how["stop"])})
    network, tokenizer = lm.load(model, adapter, dtype, threads)
    prompts = lm.prompt_ids(tokenizer, asked["prompt"])
    rows = []
    with Work("evaluation_predict", len(asked), "items") as work:
        for batch in decode(network, tokenizer, prompts, how):
            rows += [
                {
                    **names,
                    "item_id": asked["item_id"][branch.prompt],
                    "branch": branch.branch,
                    "completion": branch.completion,
                    "token_ids": branch.token_ids,
                    "token_margins": branch.token_margins,
                    "stop_reason": branch.stop_reason,
                }
                for branch in batch
            ]
            work.advance(len(batch) // how.branches)
        rows.sort(key=lambda row: (row["item_id"], row["branch"]))
        BRANCHES.write(
            rows,
            branches,
            inputs=[items],
            dtype=str(network.dtype),
            threads=threads,
            decoding=settings(decoding),
        )


if __name__ == "__main__":
    main(evaluation_predict)
