"""Extract and judge the answers of decoded branches. No model is loaded; answers that are code are run.

Example:
    python workflow/scripts/evaluation_answer.py --branches branches.parquet \
        --items results/task/arithmetic/test.parquet \
        --tokenizer results/model/smollm2-135m-q4_1/tokenizer.json --answers answers.parquet

READS   branches (contract branches.BRANCHES), task items (task.ITEMS), the model's tokenizer
WRITES  answers (contract answers.ANSWERS)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.answers import ANSWERS
from lib.contracts.branches import BRANCHES, CELL
from lib.contracts.task import ITEMS
from lib.decoding.answers import answer
from lib.progress import Work


def evaluation_answer(
    branches: Annotated[Path, typer.Option(help="Table of branches.")],
    items: Annotated[Path, typer.Option(help="Table of the task items.")],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json of the model that decoded.")],
    answers: Annotated[Path, typer.Option(help="Table of answers to write.")],
    filter: Annotated[
        str, typer.Option(help="What is ill-formed, with commas between: empty, length, question.")
    ] = "empty,length,question",
) -> None:
    """Extract the answer of each branch, with its margin, and judge it."""
    from tokenizers import Tokenizer

    tool = Tokenizer.from_file(str(tokenizer))
    gold = ITEMS.read(items).set_index("item_id")
    decoded = BRANCHES.read(branches)

    def text(ids: list[int]) -> str:
        return tool.decode(ids, skip_special_tokens=False)

    with Work("evaluation_answer", len(decoded), "branches") as work:
        rows = []
        written = decoded["completion"].str.split().str.join(" ")
        repeated = decoded.assign(completion=written).duplicated(["item_id", "completion"])
        kept = (*CELL, "decoding", "item_id", "branch", "decoded_tokens")
        for branch, again in zip(decoded.itertuples(), repeated, strict=True):
            names = {key: getattr(branch, key) for key in kept}
            found = answer(branch, gold.loc[branch.item_id], text, filter.split(","))
            rows.append({**names, **found, "repeated": again, "log_likelihood_per_byte": None})
            work.advance()
        ANSWERS.write(rows, answers, inputs=[branches, items], filter=filter)


if __name__ == "__main__":
    main(evaluation_answer)
