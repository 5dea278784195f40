"""Search for the answers of a task: a tree of steps for each item, whose rollouts are its branches.

Example:
    python workflow/scripts/evaluation_search.py --model results/model/smollm2-135m-q4_1 \
        --adapter results/lora/smollm2-135m-q4_1/arithmetic/lora-r16/seed-0/adapter \
        --decoding '{"how": "tree", "branches": 10, "width": 4, "separators": ["\\n", ". "],
            "exploration": 1.4, "filter": ["empty", "length", "question"], "max_new_tokens": 48,
            "stop": ["\\nQ:"], "rows": 64}' \
        --cell '{"model": "m", "task": "arithmetic", "arm": "lora-r16", "seed": 0, "split": "test",
            "decoding": "tree"}' \
        --items results/task/arithmetic/test.parquet --branches branches.parquet

READS   a model folder, an adapter folder, task items (contract task.ITEMS)
WRITES  branches (contract branches.BRANCHES), as evaluation_predict does

It is a script of its own because a search reads answers, and how sure the model was of them, while it
decodes: another way of finding answers searches anew, and decodes nothing else again. Nothing is judged here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import UserError, main
from lib.decoding.predicting import predict

if TYPE_CHECKING:
    from lib.decoding.branching import Branch, Decoding, Prompt
    from lib.decoding.choosing import Groups
    from lib.decoding.engines import Engine


def evaluation_search(
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
    """Decode the rollouts of each item of a task, best first."""

    def searched(
        network: Engine, prompts: list[Prompt], how: Decoding, groups: Groups | None, verifier: str
    ) -> list[Branch]:
        from lib.decoding.answers import confidence
        from lib.decoding.engines import Transformers
        from lib.decoding.tree import search

        if not isinstance(network, Transformers):
            raise UserError(f"evaluation.engine: {engine!r} searches no trees; set the key to transformers")
        text = network.tokenizer.decode
        return search(
            network.model,
            network.tokenizer,
            prompts,
            how,
            groups,
            lambda rollout: confidence(rollout, verifier, text, how.filter),
        )

    predict(
        "evaluation_search",
        searched,
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
    main(evaluation_search)
