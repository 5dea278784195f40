"""Check how chains of low-rank updates converge on quadratics (Malinovsky et al. 2024, RAC-LoRA).

Example:
    python workflow/scripts/expressivity_converge.py --runs 400 --seed 0 \
        --convergence results/expressivity/convergence.parquet

WRITES  f_T / f_0 by step: of RAC-LoRA with exact steps beside (1 - r / n)^T, and of five methods on a
        quadratic on which LoRA and its chain fail (contract expressivity.CONVERGENCE)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.cli import main
from lib.contracts.expressivity import CONVERGENCE
from lib.progress import Work
from lib.seeds import derive

if TYPE_CHECKING:
    import numpy as np

DIMENSION, RANKS, STEPS = 16, (1, 2, 4, 8), 20  # of the isotropic quadratic
LONG = 300  # steps on the counterexample


def expressivity_converge(
    runs: Annotated[int, typer.Option(help="Independent runs of each method and rank.")],
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")],
    convergence: Annotated[Path, typer.Option(help="Table to write.")],
) -> None:
    """Check how chains of low-rank updates converge: against the theory, and where others fail."""
    from lib.expressivity import chains

    rows: list[dict[str, Any]] = []
    with Work("expressivity_converge", len(RANKS) + len(chains.METHODS), "methods") as work:
        for rank in RANKS:
            ratios = chains.isotropic(DIMENSION, rank, STEPS, runs, derive(seed, "isotropic", rank))
            names = {"problem": "isotropic", "method": "rac", "rank": rank}
            theory = [(1 - rank / DIMENSION) ** step for step in range(STEPS + 1)]
            rows += [
                {**names, **row, "theory": value} for row, value in zip(_by_step(ratios), theory, strict=True)
            ]
            work.advance()
        for method in chains.METHODS:
            ratios = chains.counterexample(method, LONG, runs, derive(seed, "counterexample", method))
            rank = 3 if method == "full" else 1
            names = {"problem": "counterexample", "method": method, "rank": rank, "theory": None}
            rows += [{**names, **row} for row in _by_step(ratios)]
            work.advance()
        CONVERGENCE.write(rows, convergence, seed=seed)


def _by_step(ratios: np.ndarray) -> list[dict[str, Any]]:
    """Statistics over runs of each step; a run that has diverged is above all others."""
    import numpy as np

    rows = []
    for step, column in enumerate(ratios.T):
        lost = int(np.isnan(column).sum())
        ranked = np.where(np.isnan(column), np.inf, column)
        places = np.quantile(ranked, [0.05, 0.5, 0.95], method="nearest")
        quantiles = [value if np.isfinite(value) else None for value in places]
        error = None if lost else column.std(ddof=1) / np.sqrt(len(column))
        rows.append(
            {
                "step": step,
                "mean": None if lost else column.mean(),
                "standard_error": error,
                **dict(zip(("low", "median", "high"), quantiles, strict=True)),
                "n_runs": len(column),
                "n_diverged": lost,
            }
        )
    return rows


if __name__ == "__main__":
    main(expressivity_converge)
