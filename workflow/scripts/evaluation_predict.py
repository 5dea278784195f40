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

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.adaptation import saved
from lib.cli import main, settings
from lib.contracts.branches import BRANCHES
from lib.contracts.task import ITEMS
from lib.parts import Parts
from lib.progress import Work
from lib.provenance import sha256

if TYPE_CHECKING:
    from lib.decoding.branching import Branch, Prompt


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
    asked, names = ITEMS.read(items), settings(cell)
    if saved.left_out(adapter, "decoded"):
        return BRANCHES.write([], branches, inputs=[items])

    from lib.decoding import engines
    from lib.decoding.asking import ask
    from lib.decoding.branching import Decoding, Prompt, batches
    from lib.decoding.contrasts import groups
    from lib.models.lm import prompt_ids

    how = Decoding.of(settings(decoding))
    network = engines.load(engine, model, adapter, dtype, threads)
    ids = prompt_ids(network.tokenizer, asked["prompt"], chat)
    prompts = [Prompt(*prompt) for prompt in zip(asked["item_id"], ids, strict=True)]
    compared = groups(network.tokenizer, asked["verifier"].iloc[0])

    folders = [model, adapter] if adapter else [model]
    read = [items, *(file for folder in folders for file in sorted(folder.iterdir()) if file.is_file())]
    # What ``dtype`` came to, and where: a run is not resumed on a node that computes other bits.
    facts = {"dtype": network.dtype, "device": network.device, "threads": threads, "engine": engine}
    record = [names, settings(decoding), chat, facts, *map(sha256, read)]
    parts = Parts(BRANCHES, branches, hashlib.sha256(json.dumps(record).encode()).hexdigest())
    planned = batches(prompts, how)
    with Work("evaluation_predict", len(asked), "items") as work:
        for number, chosen in enumerate(planned):
            if not parts.has(number):
                batch = [prompts[index] for index in chosen]
                found = network.decode(batch, how, compared)
                answers = ask(network, batch, found, how, compared) if how.ask else [None] * len(found)
                rows = zip(found, answers, strict=True)
                parts.write(number, [{**names, **_row(batch, *row)} for row in rows])
            work.advance(len(chosen))
        whole = parts.read(len(planned)).sort_values(["item_id", "branch"])
        composition = [[prompts[index].item for index in chosen] for chosen in planned]
        BRANCHES.write(
            whole, branches, inputs=[items], **facts, decoding=settings(decoding), batches=composition
        )
        parts.remove()


def _row(prompts: list[Prompt], branch: Branch, answer: Branch | None) -> dict[str, Any]:
    """A branch, and what it answered when asked, as a row of the table."""
    row = {
        "item_id": prompts[branch.prompt].item,
        "branch": branch.branch,
        "completion": branch.completion,
        "token_ids": branch.token_ids,
        "token_margins": branch.token_margins,
        "token_contrasts": branch.token_contrasts or None,
        "stop_reason": branch.stop_reason,
    }
    row |= dict.fromkeys(("asked_completion", "asked_ids", "asked_margins", "asked_contrasts"))
    if answer:
        row["asked_completion"], row["asked_ids"] = answer.completion, answer.token_ids
        row["asked_margins"], row["asked_contrasts"] = answer.token_margins, answer.token_contrasts or None
    return row


if __name__ == "__main__":
    main(evaluation_predict)
