"""Put the bits of all models into one table: by language, with intervals, and against the arm before.

Example:
    python workflow/scripts/pretraining_tabulate.py \
        --arms '{"adapt": {"before": "base", "corpus": "catalogs", "languages": ["fra_Latn"]}}' \
        --resamples 1000 --seed 0 --table results/pretraining/bits.parquet \
        results/pretraining/*/*/seed-*/bits.parquet

READS   bits of documents (contract pretraining.BITS)
WRITES  metrics by language (pretraining.LANGUAGES); intervals are over documents, each seed has its own rows
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.cli import main, settings
from lib.contracts.pretraining import BITS, LANGUAGES
from lib.grid import BASE
from lib.intervals import bootstrap_ratios
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd

CELL = ["model", "arm", "seed"]
TEXT = ["corpus", "lang"]


def pretraining_tabulate(
    arms: Annotated[
        str, typer.Option(help="Of each arm the one before, and its corpus and languages: JSON.")
    ],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")],
    table: Annotated[Path, typer.Option(help="Table to write.")],
    bits: Annotated[list[Path] | None, typer.Argument(help="Tables of bits of documents.")] = None,
) -> None:
    """Tell bits per byte of every language, and how many were lost since the arm before."""
    blocks = settings(arms)
    with Work("pretraining_tabulate", len(bits or []), "tables"):
        rows: list[dict[str, Any]] = []
        scored = BITS.read(*(bits or []))
        cells = {cell: found for cell, found in scored.groupby(CELL, sort=False)}
        for (model, arm, number), cell in cells.items():
            block = blocks.get(arm, {"before": None, "corpus": None, "languages": []})
            earlier = block["before"]
            start = cells.get((model, earlier, 0 if earlier == BASE else number))
            for (corpus, lang), found in cell.groupby(TEXT, sort=False):
                names = found[[*CELL, "tokenizer", "base", *TEXT]].iloc[0].to_dict()
                read = corpus == block["corpus"] and lang in block["languages"]
                whole = found[found["bits"].notna()]
                counts = {"n_docs": len(whole), "n_lost": len(found) - len(whole)}
                for metric, interval in _metrics(whole, start, resamples, seed).items():
                    value, low, high = interval or (None, None, None)
                    ends = {"value": value, "ci_low": low, "ci_high": high}
                    rows.append(
                        {**names, "before": earlier, "read": read, "metric": metric, **ends, **counts}
                    )
        LANGUAGES.write(rows, table, inputs=bits or [], seed=seed)


def _metrics(
    documents: pd.DataFrame, start: pd.DataFrame | None, resamples: int, seed: int
) -> dict[str, tuple[float, float, float] | None]:
    """Metrics of one text with intervals over its documents; None for all where there are none."""
    sums = {"bits_per_byte": ("bits", "bytes"), "bytes_per_token": ("bytes", "tokens")}
    sums |= {"tokens_per_document": ("tokens", "documents")}
    documents = documents.assign(documents=1)
    if start is not None:
        # The same documents in the same tokenizer, so that gains are paired document by document.
        key = [*TEXT, "doc_id"]
        had = documents[key].merge(start[[*key, "bits"]], on=key, how="left", validate="one_to_one")
        documents["lost"] = had["bits"].to_numpy() - documents["bits"].to_numpy()
        sums["gain"] = ("lost", "bytes")
    if documents.empty:
        return dict.fromkeys(sums)
    above, below = zip(*sums.values(), strict=True)
    found = bootstrap_ratios(documents[list(above)].T, documents[list(below)].T, resamples, seed)
    return dict(zip(sums, found, strict=True))


if __name__ == "__main__":
    main(pretraining_tabulate)
