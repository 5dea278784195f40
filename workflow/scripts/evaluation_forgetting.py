"""Tell how well models with adapters still read general text: bits per byte, and their change from the base.

Example:
    python workflow/scripts/evaluation_forgetting.py --resamples 1000 --seed 0 \
        --cost results/lora/smollm2-135m-q4_1/arithmetic/lora-r1/seed-0/cost.parquet \
        --table results/evaluation/forgetting.parquet results/evaluation/forgetting/*/*/*/seed-*.parquet

READS   bits of documents (contract held_out.BITS), of adapters and of the models that they belong to
WRITES  metrics by language (forgetting.FORGETTING); intervals are over documents
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lib.adaptation.trained import methods
from lib.cli import main
from lib.contracts.forgetting import FORGETTING
from lib.contracts.held_out import BITS
from lib.grid import BASE
from lib.intervals import bootstrap_ratio
from lib.progress import Work
from lib.seeds import derive

CELL = ["model", "task", "arm", "seed"]
TEXT = ["corpus", "lang"]


def evaluation_forgetting(
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")],
    table: Annotated[Path, typer.Option(help="Table to write.")],
    bits: Annotated[list[Path] | None, typer.Argument(help="Tables of bits; none for none.")] = None,
    cost: Annotated[
        list[Path] | None,
        typer.Option(help="Costs of the trainings, which name method and rank of each arm."),
    ] = None,
) -> None:
    """Tell bits per byte of every text, and their change from the base, document by document."""
    known, drawn = methods(cost or []), derive(seed, "bootstrap")
    with Work("evaluation_forgetting", len(bits or []), "tables"):
        scored = BITS.read(*(bits or []))
        bases = scored[scored["arm"] == BASE].set_index(["model", *TEXT, "doc_id"])["bits"]
        before = bases.reindex(list(zip(*(scored[key] for key in bases.index.names), strict=True)))
        scored = scored.assign(change=scored["bits"] - before.to_numpy())
        rows: list[dict[str, Any]] = []
        for key, documents in scored.groupby([*CELL, *TEXT], dropna=False):
            names = dict(zip([*CELL, *TEXT], key, strict=True))
            base = names["arm"] == BASE
            untrained = {"task": None, "method": None, "rank": None}
            names |= untrained if base else known[names["model"], names["task"], names["arm"]]
            kept = documents.dropna(subset="bits")
            counts = {"n_docs": len(kept), "n_lost": len(documents) - len(kept)}
            for metric, column in {"bits_per_byte": "bits", **({} if base else {"change": "change"})}.items():
                ends = {"value": None, "ci_low": None, "ci_high": None}
                if len(kept):
                    found = bootstrap_ratio(*kept[[column, "bytes"]].to_numpy().T, resamples, drawn)
                    ends = {"value": found.value, "ci_low": found.low, "ci_high": found.high}
                rows.append({**names, "metric": metric, **ends, **counts})
        FORGETTING.write(rows, table, inputs=bits or [], seed=seed)


if __name__ == "__main__":
    main(evaluation_forgetting)
