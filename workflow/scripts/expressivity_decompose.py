"""Take the update of a full fine-tuning apart: singular values of every linear matrix.

Example:
    python workflow/scripts/expressivity_decompose.py --model results/model/smollm2-135m-q4_1 \
        --cell '{"model": "smollm2-135m-q4_1", "task": "arithmetic", "seed": 0}' \
        --full results/lora/smollm2-135m-q4_1/arithmetic/full/seed-0/adapter \
        --spectrum spectrum.parquet --updates updates.parquet

READS   a model folder; the adapter folder of a full fine-tuning of the model
WRITES  every singular value (contract expressivity.SPECTRUM), and a row for each matrix
        (expressivity.UPDATES); no rows where the training failed
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lib.adaptation import saved
from lib.cli import main, settings
from lib.contracts.expressivity import SPECTRUM, UPDATES
from lib.progress import Work


def expressivity_decompose(
    model: Annotated[Path, typer.Option(help="Folder of the model before the training.")],
    cell: Annotated[str, typer.Option(help="What was trained: JSON with model, task, seed.")],
    full: Annotated[Path, typer.Option(help="Adapter folder of the full fine-tuning.")],
    spectrum: Annotated[Path, typer.Option(help="Table of singular values to write.")],
    updates: Annotated[Path, typer.Option(help="Table of matrices to write.")],
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Measure the rank of what a full fine-tuning did to each matrix."""
    from lib.expressivity import update
    from lib.models import lm, matrices

    if failed := saved.failure(full):
        print(f"warning: {full}: there is no update, {': '.join(failed)}", file=sys.stderr)
    network, _ = lm.load(model, None, "float32", threads)
    linear = matrices.linear(network)
    names, of_values, of_matrices = settings(cell), [], []
    with Work("expressivity_decompose", len(linear), "matrices") as work:
        for name, after in update.trained(full):
            module = name.removesuffix(".weight")
            if module not in linear:
                continue
            before = linear[module].weight.detach().cpu()
            values = update.spectrum(after - before)
            key = {**names, "matrix": module, **matrices.place(module)._asdict()}
            of_values += [
                {**key, "index": place, "singular_value": value, "residual": residual}
                for place, (value, residual) in enumerate(
                    zip(values, update.residuals(values), strict=True), start=1
                )
            ]
            of_matrices.append(
                {
                    **key,
                    "rows": before.shape[0],
                    "columns": before.shape[1],
                    "norm": before.norm().item(),
                    "update_norm": float(np.linalg.norm(values)),
                    "stable_rank": update.stable_rank(values),
                    "rank_90": update.rank_for(values, 0.9),
                    "rank_99": update.rank_for(values, 0.99),
                }
            )
            work.advance()
        facts = {"inputs": [full / saved.WEIGHTS], "threads": threads}
        SPECTRUM.write(of_values, spectrum, **facts)
        UPDATES.write(of_matrices, updates, **facts)


if __name__ == "__main__":
    main(expressivity_decompose)
