"""Put the choices of each item in the order of their likelihood, and judge them. No model is loaded.

Example:
    python workflow/scripts/evaluation_choose.py --likelihoods likelihoods.parquet \
        --items results/task/exam/test.parquet --answers answers.parquet

READS   log-likelihoods (contract likelihoods.LIKELIHOODS), task items (task.ITEMS)
WRITES  answers (contract answers.ANSWERS): a row a choice, branch 0 the likeliest
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.answers import ANSWERS
from lib.contracts.branches import CELL
from lib.contracts.likelihoods import LIKELIHOODS
from lib.contracts.task import ITEMS
from lib.grid import CHOICE
from lib.progress import Work


def evaluation_choose(
    likelihoods: Annotated[Path, typer.Option(help="Table of log-likelihoods of one cell.")],
    items: Annotated[Path, typer.Option(help="Table of the task items.")],
    answers: Annotated[Path, typer.Option(help="Table of answers to write.")],
) -> None:
    """Put the choices of each item in the order of their likelihood, and say which is right."""
    gold = ITEMS.read(items).set_index("item_id")
    # Equal ones stay in the order of the item, so that the first counts as the likeliest.
    weighed = LIKELIHOODS.read(likelihoods).sort_values(
        ["item_id", "log_likelihood", "choice"], ascending=[True, False, True]
    )
    with Work("evaluation_choose", gold.shape[0], "items"):
        places = weighed.groupby("item_id").cumcount()
        rows = []
        for choice, branch in zip(weighed.itertuples(), places, strict=True):
            item = gold.loc[choice.item_id]
            written = item["choices"][choice.choice]
            right = written == item["target"]
            rows.append(
                {
                    **{key: getattr(choice, key) for key in (*CELL, "item_id")},
                    "decoding": CHOICE,
                    "branch": branch,
                    "extracted": written.strip(),
                    "span_start": None,
                    "span_end": None,
                    "margin": None,
                    "chain": None,
                    "repeated": False,
                    "status": "answered",
                    "score": float(right),
                    "outcome": None,
                    "correct": right,
                    "decoded_tokens": None,
                    "log_likelihood_per_byte": choice.log_likelihood / len(written.strip().encode()),
                }
            )
        ANSWERS.write(rows, answers, inputs=[likelihoods, items])


if __name__ == "__main__":
    main(evaluation_choose)
