"""Keep the chains of a round that the next model trains on.

Example:
    python workflow/scripts/selfimprove_select.py --filter confidence --keep 0.5 --round 1 --seed 0 \
        --branches branches.parquet --answers answers.parquet --items pool-1.parquet \
        --selected selected.parquet

READS   branches and answers of the pool (contracts branches.BRANCHES, answers.ANSWERS), and its
        items (task.ITEMS)
WRITES  selected chains as task items with the chain as target (contract selected.SELECTED); none where
        there is no branch, since the round's model has failed
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import UserError, main
from lib.contracts.answers import ANSWERS
from lib.contracts.branches import BRANCHES
from lib.contracts.selected import SELECTED
from lib.contracts.task import ITEMS
from lib.decoding.filters import FILTERS
from lib.decoding.selection import by_item
from lib.progress import Work


def selfimprove_select(
    filter: Annotated[str, typer.Option(help=f"Which chains are kept: {', '.join(FILTERS)}.")],
    keep: Annotated[float, typer.Option(help="Share of the pool's items that is kept, 0 to 1.")],
    round: Annotated[int, typer.Option(help="Round whose pool it is.")],
    seed: Annotated[int, typer.Option(help="Seed of what a filter draws.")],
    branches: Annotated[Path, typer.Option(help="Table of branches of the pool.")],
    answers: Annotated[Path, typer.Option(help="Table of their answers.")],
    items: Annotated[Path, typer.Option(help="Table of the pool's items.")],
    selected: Annotated[Path, typer.Option(help="Table of selected chains to write.")],
) -> None:
    """Keep the best chains of a round: at most one an item, at most the given share of the items."""
    asked = ITEMS.read(items).set_index("item_id")
    text = BRANCHES.read(branches).set_index(["item_id", "branch"])["completion"]
    sources = [branches, answers, items]
    if text.empty:
        return SELECTED.write([], selected, inputs=sources, seed=seed, filter=filter, keep=keep)
    with Work("selfimprove_select", len(asked)):
        most = max(1, int(keep * len(asked) + 0.5))
        chains = FILTERS[filter](by_item(ANSWERS.read(answers)), most, seed)
        if not chains:
            raise UserError(
                f"{branches}: no branch fits the filter {filter!r}, so that nothing can be trained on; "
                "start the loop from an adapter that knows the task's format"
            )
        rows = []
        for question, branch, confidence in chains:
            row = asked.loc[question].to_dict() | {"item_id": question, "round": round, "source": question}
            row |= {"branch": None, "confidence": confidence, "correct": True}
            if branch is not None:
                row |= {"target": text[branch.item_id, branch.branch].rstrip(), "style": "own"}
                row |= {"source": branch.item_id, "branch": branch.branch, "correct": branch.correct}
            rows.append(row)
        SELECTED.write(rows, selected, inputs=sources, seed=seed, filter=filter, keep=keep)


if __name__ == "__main__":
    main(selfimprove_select)
