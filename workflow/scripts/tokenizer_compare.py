"""Compare tokenizers with one of them, and with those of narrower mixes, document by document.

Example:
    python workflow/scripts/tokenizer_compare.py --baseline smollm2-135m-q4_1 \
        --narrower '{"bytebpe-4k-universal": ["bytebpe-4k-english"]}' \
        --comparisons comparisons.parquet results/tokenizer/*/catalogs/lengths.parquet

READS   results/tokenizer/{tokenizer}/{corpus}/lengths.parquet, of the baselines too
WRITES  results/tokenizer/comparisons.parquet: normalised sequence length per tokenizer, baseline, corpus and
        language
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from lib import intervals
from lib.cli import UserError, main, settings
from lib.contracts.tokenizer import COMPARISONS, LENGTHS
from lib.progress import Work


def compare(
    baseline: Annotated[str, typer.Option(help="Name of the tokenizer that all are compared with.")],
    comparisons: Annotated[Path, typer.Option(help="Table of comparisons to write.")],
    lengths: Annotated[
        list[Path], typer.Argument(help="Tokens of documents, one file per tokenizer and corpus.")
    ],
    narrower: Annotated[
        str, typer.Option(help="JSON: other tokenizers that a tokenizer is compared with, by its name.")
    ] = "{}",
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of an interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
) -> None:
    """Compare tokenizers with one of them, and with those of narrower mixes, document by document.

    Normalised sequence length (Dagan et al. 2024, sec. 2): tokens of all documents over those that the
    baseline makes of the same documents, both as totals; the interval draws documents with both counts.
    """
    table = LENGTHS.read(*lengths)
    named = settings(narrower)
    rows = []
    texts = table.groupby(["corpus", "lang"], sort=True)
    with Work("tokenizer_compare", texts.ngroups, "texts") as work:
        for (corpus, lang), documents in texts:
            counts = documents.pivot(index="doc_id", columns="tokenizer", values="tokens").sort_index()
            compared = {baseline: [name for name in counts if name != baseline]}
            for name, others in named.items():
                for other in others:
                    compared.setdefault(other, []).append(name)
            _check(counts, baseline, compared, f"{corpus}, {lang}")
            for below, others in compared.items():
                facts = {"corpus": corpus, "lang": lang, "baseline": below}
                rows += _against(below, sorted(set(others)), counts, facts, resamples, seed)
            work.advance(note=f"{corpus}, {lang}")
        rows.sort(key=lambda row: [row[column] for column in COMPARISONS.key])
        COMPARISONS.write(rows, comparisons, inputs=lengths, seed=seed)


def _check(counts: pd.DataFrame, baseline: str, compared: dict[str, list[str]], text: str) -> None:
    """Raise where tokenizers cannot be compared on a text."""
    known = ", ".join(counts.columns)
    if baseline not in counts:
        raise UserError(f"tokenizer.baseline: no tokens by {baseline!r} of {text}; choose one of {known}")
    for name in [*compared, *(name for names in compared.values() for name in names)]:
        if name not in counts:
            raise UserError(f"--narrower: no tokens by {name!r} of {text}; choose among {known}")
    for name in compared:
        if not counts[name].sum():
            raise UserError(f"{name} on {text}: no tokens; choose another tokenizer.baseline")
    if counts.isna().to_numpy().any():
        short = counts.columns[counts.isna().any()][0]
        problem = f"{short} on {text}: not the documents of the other tokenizers"
        raise UserError(f"{problem}; measure all of them anew")


def _against(
    baseline: str,
    others: list[str],
    counts: pd.DataFrame,
    facts: dict[str, str],
    resamples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Rows of one text, one per tokenizer that is compared, from tokens by document and tokenizer."""
    if not others:
        return []
    below = counts[baseline].to_numpy()
    above = counts[others].to_numpy().T
    found = intervals.bootstrap_ratios(above, np.tile(below, (len(others), 1)), resamples, seed)
    return [
        {
            **facts,
            "tokenizer": name,
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
