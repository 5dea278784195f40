"""Tell how well models with adapters still read general text: bits per byte, and their change from the base.

Example:
    python workflow/scripts/evaluation_forgetting.py --arms '{"lora-r16": {"method": "lora", "rank": 16}}' \
        --resamples 1000 --seed 0 --table results/evaluation/forgetting.parquet \
        results/evaluation/forgetting/*/*/*/seed-*.parquet

READS   bits of documents (contract held_out.BITS), of adapters and of the models that they belong to
WRITES  metrics by language (forgetting.FORGETTING); intervals are over documents
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lib.cli import main, settings
from lib.contracts.forgetting import FORGETTING
from lib.contracts.held_out import BITS
from lib.grid import BASE
from lib.intervals import bootstrap_ratio
from lib.progress import Work
from lib.seeds import derive

CELL = ["model", "task", "arm", "seed"]
TEXT = ["corpus", "lang"]


def evaluation_forgetting(
    arms: Annotated[str, typer.Option(help="Arms by name, with method and rank: JSON or a JSON file.")],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")],
    table: Annotated[Path, typer.Option(help="Table to write.")],
    bits: Annotated[list[Path] | None, typer.Argument(help="Tables of bits; none for none.")] = None,
) -> None:
    """Tell bits per byte of every text, and their change from the base, document by document."""
    blocks, drawn = settings(arms), derive(seed, "bootstrap")
    with Work("evaluation_forgetting", len(bits or []), "tables"):
        scored = BITS.read(*(bits or []))
        bases = scored[scored["arm"] == BASE].set_index(["model", *TEXT, "doc_id"])["bits"]
        before = bases.reindex(list(zip(*(scored[key] for key in bases.index.names), strict=True)))
        scored = scored.assign(change=scored["bits"] - before.to_numpy())
        rows: list[dict[str, Any]] = []
        for key, documents in scored.groupby([*CELL, *TEXT], dropna=False):
            names = dict(zip([*CELL, *TEXT], key, strict=True))
            base = names["arm"] == BASE
            names |= {"task": None} if base else {}
            names |= {part: None if base else blocks[names["arm"]][part] for part in ("method", "rank")}
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
