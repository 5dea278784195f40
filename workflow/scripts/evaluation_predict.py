"""Decode the items of a task: one greedy completion each, or several branches.

Example:
    python workflow/scripts/evaluation_predict.py --model results/model/smollm2-135m-q4_1 \
        --adapter results/lora/smollm2-135m-q4_1/arithmetic/lora-r16/seed-0/adapter \
        --decoding '{"how": "top-k", "branches": 10, "max_new_tokens": 48, "stop": ["\\nQ:"], "rows": 64}' \
        --cell '{"model": "m", "task": "arithmetic", "arm": "lora-r16", "seed": 0, "split": "test",
            "decoding": "cot"}' \
        --items results/task/arithmetic/test.parquet --branches branches.parquet

READS   a model folder, an adapter folder, task items (contract task.ITEMS)
WRITES  branches (contract branches.BRANCHES): no answer is extracted and nothing judged here; none where
        the adapter's training failed; while it runs, finished batches beside them, from which the same
        command goes on
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.decoding.predicting import predict


def evaluation_predict(
    model: Annotated[Path, typer.Option(help="Folder of the base model.")],
    decoding: Annotated[
        str, typer.Option(help="JSON or its file, fields of lib.decoding.branching.Decoding.")
    ],
    cell: Annotated[
        str, typer.Option(help="What is decoded: JSON with model, task, arm, seed, split, decoding.")
    ],
    items: Annotated[Path, typer.Option(help="Table of task items.")],
    branches: Annotated[Path, typer.Option(help="Table of branches to write.")],
    adapter: Annotated[Path | None, typer.Option(help="Adapter folder; none for the base model.")] = None,
    chat: Annotated[bool, typer.Option(help="Put prompts into the model's chat template.")] = False,
    engine: Annotated[str, typer.Option(help="What decodes: transformers or vllm.")] = "transformers",
    dtype: Annotated[str, typer.Option(help="Type of the weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Decode the branches of each item of a task."""
    predict(
        "evaluation_predict",
        lambda engine, prompts, how, groups, verifier: engine.decode(prompts, how, groups),
        model=model,
        decoding=decoding,
        cell=cell,
        items=items,
        branches=branches,
        adapter=adapter,
        chat=chat,
        engine=engine,
        dtype=dtype,
        threads=threads,
    )


if __name__ == "__main__":
    main(evaluation_predict)
