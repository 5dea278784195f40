"""Tell whether a loop has anything to find: does the best of a question's chains beat the greedy path?

Example:
    python workflow/scripts/selfimprove_gate.py --resamples 1000 --seed 0 --gates gate.parquet \
        results/selfimprove/smollm2-135m-q4_1/arithmetic/confidence/seed-0/round-1/answers.parquet

READS   answers of the pools that first rounds read, by the adapters that loops start from (contract
        answers.ANSWERS)
WRITES  a row for each (contract scores.GATES); none where the adapter's training failed

No filter can find a right answer that is in no well-formed branch: where the oracle over these is not above
greedy, a loop can only change the form of what the model writes. Such a loop runs all the same, since its
null result is what the gate predicts, and a result that was not run cannot be shown. Where a question has
few possible answers, like yes and no, several guesses pass the gate too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from lib.cli import main
from lib.comparisons import interval, mean_of, resampled
from lib.contracts.answers import ANSWERS
from lib.contracts.branches import CELL
from lib.contracts.scores import GATES
from lib.decoding.selection import WELL_FORMED, by_item
from lib.progress import Work
from lib.seeds import derive


def selfimprove_gate(
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")],
    gates: Annotated[Path, typer.Option(help="Table of gates to write.")],
    answers: Annotated[list[Path] | None, typer.Argument(help="Tables of answers; none for none.")] = None,
) -> None:
    """Compare the oracle over well-formed branches with greedy decoding, item by item."""
    rows: list[dict[str, Any]] = []
    with Work("selfimprove_gate", len(answers or []), "pools") as work:
        for path in answers or []:
            work.advance()
            judged = ANSWERS.read(path)
            if judged.empty:
                continue
            items = by_item(judged).values()
            greedy = np.array([branches[0].correct for branches in items], float)
            oracle = np.array([_may_be_right(branches) for branches in items], float)
            gain = mean_of(oracle - greedy)
            value, low, high = interval([gain], resampled([gain], resamples, derive(seed, "bootstrap"))[:, 0])
            rows.append(
                {
                    **judged[[*CELL, "decoding"]].iloc[0].to_dict(),
                    "greedy": greedy.mean(),
                    "oracle": oracle.mean(),
                    "value": value,
                    "ci_low": low,
                    "ci_high": high,
                    "n_items": len(gain.statistics),
                    "passed": low > 0,
                }
            )
            print(f"{path}: the gate is {'passed' if low > 0 else 'not passed'}")
        GATES.write(rows, gates, inputs=answers or [], seed=seed)


def _may_be_right(branches: list[Any]) -> bool:
    """Whether a filter may find a right branch."""
    return any(branch.correct and branch.status == WELL_FORMED for branch in branches)


if __name__ == "__main__":
    main(selfimprove_gate)
