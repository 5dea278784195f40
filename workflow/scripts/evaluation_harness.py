"""Have lm-evaluation-harness judge a model with its adapter, by any task that it has.

Example:
    python workflow/scripts/evaluation_harness.py --model results/model/smollm2-135m-q4_1 \
        --adapter results/lora/smollm2-135m-q4_1/arithmetic/lora-r16/seed-0/adapter \
        --suite hellaswag --limit 100 --rows 16 --samples samples.parquet \
        --cell '{"model": "m", "task": "arithmetic", "arm": "lora-r16", "seed": 0}'

READS   a model folder, an adapter folder; for a task of this project its items (contract task.ITEMS)
WRITES  each item as lm-eval judged it (samples.SAMPLES)

Most tasks of lm-eval read a data set of the Hugging Face hub. Those of your own, in a folder with YAML files
(--include-path), may read any file; all go the same way.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.adaptation import saved
from lib.cli import UserError, main, settings
from lib.contracts.samples import SAMPLES
from lib.contracts.task import ITEMS
from lib.harness import own_task, rows
from lib.progress import Work

if TYPE_CHECKING:
    from lm_eval.tasks import TaskManager


def evaluation_harness(
    model: Annotated[Path, typer.Option(help="Folder of the base model.")],
    suite: Annotated[str, typer.Option(help="Task or group of lm-eval.")],
    cell: Annotated[str, typer.Option(help="What is judged: JSON with model, task, arm, seed.")],
    samples: Annotated[Path, typer.Option(help="Table of judged items to write.")],
    adapter: Annotated[Path | None, typer.Option(help="Adapter folder; none for the base model.")] = None,
    include_path: Annotated[
        Path | None, typer.Option(help="Folder with tasks in YAML, beside lm-eval's.")
    ] = None,
    items: Annotated[Path | None, typer.Option(help="Items of this project that are the task.")] = None,
    generation: Annotated[str, typer.Option(help="Of these: JSON with max_new_tokens and stop.")] = "{}",
    chat: Annotated[bool, typer.Option(help="Put prompts into the model's chat template.")] = False,
    limit: Annotated[int | None, typer.Option(help="Most items of each task, the first ones.")] = None,
    rows_together: Annotated[int, typer.Option("--rows", help="Sequences that are read together.")] = 1,
    dtype: Annotated[str, typer.Option(help="Type of the weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Have lm-evaluation-harness judge a model, item by item."""
    names = {**settings(cell), "suite": suite}
    own = own_task(suite, ITEMS.read(items), settings(generation)) if items else None
    tasks, found = _load(suite, include_path, own)
    inputs = [items] if items else []
    if saved.left_out(adapter, "judged"):
        return SAMPLES.write([], samples, inputs=inputs)

    import lm_eval
    from lm_eval.models.huggingface import HFLM

    from lib.models import lm

    network, tokenizer = lm.load(model, adapter, dtype, threads)
    with Work("evaluation_harness", len(found), "tasks") as work:
        try:
            judged = lm_eval.simple_evaluate(
                HFLM(pretrained=network, tokenizer=tokenizer, batch_size=rows_together),
                tasks=found,
                task_manager=tasks,
                apply_chat_template=chat,
                limit=limit,
                bootstrap_iters=0,  # intervals are made from the items
            )
        except ModuleNotFoundError as error:
            problem = f"lm-eval task {suite!r} has a metric that needs the package {error.name!r}"
            raise UserError(f"{problem}, which is not installed; install it in .venv") from None
        work.advance(len(found))
        facts = {key: judged[key] for key in ("versions", "n-shot")}
        facts |= {"dtype": str(network.dtype), "threads": threads, "limit": limit}
        SAMPLES.write([{**names, **row} for row in rows(judged)], samples, inputs=inputs, **facts)


def _load(suite: str, include_path: Path | None, own: dict[str, Any] | None) -> tuple[TaskManager, list[Any]]:
    """The tasks of a suite, or the one group that it is, and what manages them.

    Raises:
        UserError: there is no such task, it cannot be loaded, or it would run programs.
    """
    from lm_eval.tasks import TaskManager

    try:
        tasks = TaskManager(include_path=include_path, include_defaults=False)
        if not own and suite not in tasks.all_subtasks:
            tasks = TaskManager(include_path=include_path)  # an index of 14,000 files: not made without need
        loaded = tasks.load([own or suite])
    except Exception as error:  # lm-eval and what it calls raise many kinds
        raise UserError(
            f"lm-eval task {suite!r} cannot be loaded ({type(error).__name__}: {error}); check its name "
            "(`lm_eval ls tasks` lists all), that the hub can be reached if its data are there, and that "
            "packages that it needs beside lm-eval itself are installed"
        ) from None
    if unsafe := [name for name, task in loaded["tasks"].items() if getattr(task, "UNSAFE_CODE", False)]:
        raise UserError(
            f"lm-eval task {unsafe[0]!r} runs what the model writes without any limits; "
            "make it a task of kind 'programs', which runs in a sandbox"
        )
    group = loaded["groups"].get(suite)
    return tasks, [group] if group else list(loaded["tasks"].values())


if __name__ == "__main__":
    main(evaluation_harness)
