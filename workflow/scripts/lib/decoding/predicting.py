"""Decoding the items of a task into a table of branches, batch by batch: what all ways of decoding share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.adaptation import saved
from lib.cli import settings
from lib.contracts.branches import BRANCHES
from lib.contracts.task import ITEMS
from lib.models.folder import files_of
from lib.parts import Parts
from lib.progress import Work
from lib.provenance import sha256

if TYPE_CHECKING:
    from lib.decoding.branching import Branch, Decoding, Prompt
    from lib.decoding.choosing import Groups
    from lib.decoding.engines import Engine

    # From an engine, prompts, how, groups (lib.decoding.branching.decode) and the verifier of the items.
    Decode = Callable[[Engine, list[Prompt], Decoding, Groups | None, str], list[Branch]]


def predict(
    step: str,
    decode: Decode,
    *,
    model: Path,
    decoding: str,
    cell: str,
    items: Path,
    branches: Path,
    adapter: Path | None,
    chat: bool,
    engine: str,
    dtype: str,
    threads: int,
) -> None:
    """Decode the branches of each item of a task.

    Finished batches stay beside the table until it is written: a run that was killed goes on from there.

    Args:
        step: name of the step.
        decode: the branches of the prompts of one batch.
        model, decoding, cell, items, branches, adapter, chat, engine, dtype, threads: as the options of
            evaluation_predict say.

    Raises:
        UserError: what is asked for does not fit the model or the engine.
    """
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
    ids = prompt_ids(network.tokenizer, map(how.asked, asked["prompt"]), chat)
    prompts = [Prompt(*prompt) for prompt in zip(asked["item_id"], ids, strict=True)]
    verifier = asked["verifier"].iloc[0]
    compared = groups(network.tokenizer, verifier)

    read = [items, *files_of(model), *(files_of(adapter) if adapter else [])]
    # What ``dtype`` came to, and where: a run is not resumed on a node that computes other bits.
    facts = {"dtype": network.dtype, "device": network.device, "threads": threads, "engine": engine}
    record = [names, settings(decoding), chat, facts, *map(sha256, read)]
    parts = Parts(BRANCHES, branches, hashlib.sha256(json.dumps(record).encode()).hexdigest())
    planned = batches(prompts, how)
    with Work(step, len(asked), "items") as work:
        for number, chosen in enumerate(planned):
            if not parts.has(number):
                batch = [prompts[index] for index in chosen]
                found = decode(network, batch, how, compared, verifier)
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
        "decoded_tokens": branch.decoded + (answer.decoded if answer else 0),
    }
    row |= dict.fromkeys(("asked_completion", "asked_ids", "asked_margins", "asked_contrasts"))
    if answer:
        row["asked_completion"], row["asked_ids"] = answer.completion, answer.token_ids
        row["asked_margins"], row["asked_contrasts"] = answer.token_margins, answer.token_contrasts or None
    return row
