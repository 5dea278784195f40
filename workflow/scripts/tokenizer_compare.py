"""Compare tokenizers with one of them, document by document.

Example:
    python workflow/scripts/tokenizer_compare.py --baseline smollm2-135m-q4_1 \
        --comparisons comparisons.parquet results/tokenizer/*/catalogs/lengths.parquet

READS   results/tokenizer/{tokenizer}/{corpus}/lengths.parquet, of the baseline too
WRITES  results/tokenizer/comparisons.parquet: normalised sequence length per tokenizer, corpus and language
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from lib import intervals
from lib.cli import UserError, main
from lib.contracts.tokenizer import COMPARISONS, LENGTHS
from lib.progress import Work


def compare(
    baseline: Annotated[str, typer.Option(help="Name of the tokenizer that all are compared with.")],
    comparisons: Annotated[Path, typer.Option(help="Table of comparisons to write.")],
    lengths: Annotated[
        list[Path], typer.Argument(help="Tokens of documents, one file per tokenizer and corpus.")
    ],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of an interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
) -> None:
    """Compare tokenizers with one of them, document by document.

    Normalised sequence length (Dagan et al. 2024, sec. 2): tokens of all documents over those that the
    baseline makes of the same documents, both as totals; the interval draws documents with both counts.
    """
    table = LENGTHS.read(*lengths)
    rows = []
    texts = table.groupby(["corpus", "lang"], sort=True)
    with Work("tokenizer_compare", texts.ngroups, "texts") as work:
        for (corpus, lang), documents in texts:
            counts = documents.pivot(index="doc_id", columns="tokenizer", values="tokens").sort_index()
            if baseline not in counts:
                problem = f"tokenizer.baseline: no tokens by {baseline!r} of {corpus}, {lang}"
                raise UserError(f"{problem}; choose one of {', '.join(counts.columns)}")
            if not counts[baseline].sum():
                raise UserError(
                    f"{baseline} on {corpus}, {lang}: no tokens; choose another tokenizer.baseline"
                )
            if counts.isna().to_numpy().any():
                short = counts.columns[counts.isna().any()][0]
                problem = f"{short} on {corpus}, {lang}: not the documents of the other tokenizers"
                raise UserError(f"{problem}; measure all of them anew")
            rows += _against(baseline, counts, {"corpus": corpus, "lang": lang}, resamples, seed)
            work.advance(note=f"{corpus}, {lang}")
        rows.sort(key=lambda row: [row[column] for column in COMPARISONS.key])
        COMPARISONS.write(rows, comparisons, inputs=lengths, seed=seed)


def _against(
    baseline: str, counts: pd.DataFrame, facts: dict[str, str], resamples: int, seed: int
) -> list[dict[str, Any]]:
    """Rows of one text, one per tokenizer but the baseline, from tokens by document and tokenizer."""
    below = counts[baseline].to_numpy()
    others = [name for name in counts.columns if name != baseline]
    above = counts[others].to_numpy().T
    if not others:
        return []
    found = intervals.bootstrap_ratios(above, np.tile(below, (len(others), 1)), resamples, seed)
    return [
        {
            **facts,
            "tokenizer": name,
            "baseline": baseline,
            "tokens": int(tokens.sum()),
            "baseline_tokens": int(below.sum()),
            "value": interval.value,
            "ci_low": interval.low,
            "ci_high": interval.high,
            "n_docs": len(below),
        }
        for name, tokens, interval in zip(others, above, found, strict=True)
    ]


if __name__ == "__main__":
    main(compare)
