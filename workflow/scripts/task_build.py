"""Build one split of one task.

Example:
    python workflow/scripts/task_build.py --split test --size 200 --seed 0 --items test.parquet \
        --task '{"kind": "arithmetic", "terms": 3, "digits": 2, "worked_share": 0.3}'

READS   documents of the source and the target language (contract corpus.DOCUMENTS), for translation;
        those of its language, for text; the dataset or file that the task names, for records, choices
        and programs
WRITES  task items (contract task.ITEMS)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import UserError, main, settings
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.task import ITEMS
from lib.progress import Work
from lib.tasks import (
    arithmetic,
    choices,
    coin_flip,
    functions,
    gsm_templates,
    last_letters,
    letter_counting,
    programs,
    records,
    text,
    translation,
    year_parity,
)

KINDS = {
    "arithmetic": arithmetic.items,
    "arithmetic_choices": arithmetic.choices,
    "choices": choices.items,
    "coin_flip": coin_flip.items,
    "functions": functions.items,
    "gsm_templates": gsm_templates.items,
    "last_letters": last_letters.items,
    "letter_counting": letter_counting.items,
    "programs": programs.items,
    "records": records.items,
    "text": text.items,
    "translation": translation.items,
    "year_parity": year_parity.items,
}
# Of kinds that draw their questions: how to get more.
LARGER = {
    "arithmetic": ", or raise 'terms' or 'digits'",
    "arithmetic_choices": ", or raise 'terms' or 'digits'",
    "coin_flip": ", or raise 'people'",
    "functions": ", or raise 'steps' or 'digits'",
    "gsm_templates": "",
    "last_letters": ", or raise 'words'",
    "letter_counting": ", or raise 'words'",
    "year_parity": "; people of your own are a task of kind 'records' with verifier 'even-odd'",
}


def task_build(
    task: Annotated[str, typer.Option(help="Settings of the task: JSON or a JSON file.")],
    split: Annotated[str, typer.Option(help="Split: train, dev, test, template, or pool-N for round N.")],
    size: Annotated[int, typer.Option(help="Largest number of items.")],
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")],
    items: Annotated[Path, typer.Option(help="Table of items to write.")],
    documents: Annotated[list[Path] | None, typer.Argument(help="Documents, source language first.")] = None,
) -> None:
    """Build one split of one task: distinct questions that no other split has."""
    chosen = settings(task)
    read = [DOCUMENTS.read(path) for path in documents or []]
    with Work("task_build", size) as work:
        found = {}
        for item in KINDS[chosen["kind"]](chosen, split, seed, read):
            if item.item_id not in found:
                found[item.item_id] = item._asdict()
                work.advance()
            if len(found) == size:
                break
        if len(found) < size and chosen["kind"] in LARGER:
            raise UserError(
                f"{items}: {len(found)} distinct questions of split {split!r}, and {size} are wanted; lower "
                f"'items.{split.split('-')[0]}' of the task{LARGER[chosen['kind']]}"
            )
        if not found:
            raise UserError(f"{items}: no item for split {split!r}; the source of the task is too small")
        if len(found) < size:
            print(f"warning: the source gives {len(found)} items for {split!r}; {size} were asked for")
        sources = [*(documents or []), *([Path(chosen["path"])] if "path" in chosen else [])]
        ITEMS.write(list(found.values()), items, inputs=sources, seed=seed, task=chosen)


if __name__ == "__main__":
    main(task_build)
