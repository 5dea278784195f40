"""Put the bits of all models into one table: by language, with intervals, and compared document by document.

Example:
    python workflow/scripts/pretraining_tabulate.py \
        --arms '{"adapt": {"before": "base", "block": "adapt", "share": null, "fixed": null,
            "text": [{"corpus": "catalogs", "languages": ["fra_Latn"]}]}}' \
        --against '{"nano+bytebpe-16k-universal": "nano+bytebpe-16k-european"}' \
        --resamples 1000 --seed 0 \
        --read results/pretraining/nano+bytebpe-16k-universal/adapt/seed-0/texts.parquet \
        --table results/pretraining/bits.parquet --texts results/pretraining/texts.parquet \
        results/pretraining/*/*/seed-*/bits.parquet

READS   bits of documents (contract pretraining.BITS), what trainings read (pretraining.TEXTS)
WRITES  metrics by language (bits.LANGUAGES); intervals are over documents, each seed has its own rows;
        what trainings read, with the share of code (bits.TEXTS)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.cli import main, settings
from lib.contracts.bits import LANGUAGES, MIXTURE, TEXTS
from lib.contracts.pretraining import BITS
from lib.contracts.pretraining import TEXTS as READ
from lib.grid import BASE
from lib.intervals import bootstrap_ratio
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd

CELL = ["model", "arm", "seed"]
TEXT = ["corpus", "lang"]
DOCUMENT = [*TEXT, "doc_id"]
UNTRAINED = {"before": None, "text": [], **dict.fromkeys(MIXTURE)}  # the arm base


def pretraining_tabulate(
    arms: Annotated[
        str, typer.Option(help="Of each arm the one before, its block, text and share of code: JSON.")
    ],
    against: Annotated[str, typer.Option(help="The model that each model is compared with: JSON.")],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")],
    table: Annotated[Path, typer.Option(help="Table of metrics to write.")],
    texts: Annotated[Path, typer.Option(help="Table of what trainings read, to write.")],
    read: Annotated[
        list[Path] | None, typer.Option(help="Table of what a training read. Repeatable.")
    ] = None,
    bits: Annotated[list[Path] | None, typer.Argument(help="Tables of bits of documents.")] = None,
) -> None:
    """Tell bits per byte of every language, and what training and tokenizer changed."""
    blocks, rivals = settings(arms), settings(against)
    with Work("pretraining_tabulate", len(bits or []), "tables"):
        rows: list[dict[str, Any]] = []
        scored = BITS.read(*(bits or []))
        cells = {cell: found.set_index(DOCUMENT) for cell, found in scored.groupby(CELL, sort=False)}
        for (model, arm, number), cell in cells.items():
            block = blocks.get(arm, UNTRAINED)
            earlier, rival = block["before"], rivals[model]
            others = {"change": cells.get((model, earlier, 0 if earlier == BASE else number))}
            others |= {"difference": cells.get((rival, arm, number)) if rival != model else None}
            others |= {"code_effect": cells.get((model, block["block"], number)) if block["share"] else None}
            for (corpus, lang), found in cell.groupby(TEXT, sort=False):
                names = {"model": model, "arm": arm, "seed": number, "corpus": corpus, "lang": lang}
                names |= found[["tokenizer", "base", "domain"]].iloc[0].to_dict()
                names |= {"before": earlier, "against": None if rival == model else rival}
                names |= {key: block[key] for key in MIXTURE}
                names |= {"read": any(_has(text, corpus, lang) for text in block["text"])}
                for metric, documents in _pairs(found, others).items():
                    kept = documents.dropna()
                    ends = _interval(kept, resamples, seed)
                    counts = {"n_docs": len(kept), "n_lost": len(documents) - len(kept)}
                    rows.append({**names, "metric": metric, **ends, **counts})
        LANGUAGES.write(rows, table, inputs=bits or [], seed=seed)
        drawn = READ.read(*(read or []))
        for key in MIXTURE:
            drawn[key] = [blocks[arm][key] for arm in drawn["arm"]]
        TEXTS.write(drawn, texts, inputs=read or [])


def _has(text: dict[str, Any], corpus: str, lang: str) -> bool:
    return corpus == text["corpus"] and lang in text["languages"]


def _pairs(documents: pd.DataFrame, others: dict[str, pd.DataFrame | None]) -> dict[str, pd.DataFrame]:
    """Of each metric what is above and below its ratio, for every document; missing where it was lost."""
    whole = documents.assign(one=1.0).where(documents["bits"].notna())
    pairs = {
        "bits_per_byte": whole[["bits", "bytes"]],
        "bytes_per_token": whole[["bytes", "tokens"]],
        "tokens_per_document": whole[["tokens", "one"]],
    }
    for metric, other in others.items():
        if other is not None:
            fewer = whole["bits"] - other["bits"].reindex(whole.index)
            pairs[metric] = whole.assign(bits=fewer)[["bits", "bytes"]]
    return pairs


def _interval(pairs: pd.DataFrame, resamples: int, seed: int) -> dict[str, float | None]:
    """A ratio of totals with its interval over documents; null where there are none."""
    if pairs.empty:
        return {"value": None, "ci_low": None, "ci_high": None}
    found = bootstrap_ratio(*pairs.to_numpy().T, resamples, seed)
    return {"value": found.value, "ci_low": found.low, "ci_high": found.high}


if __name__ == "__main__":
    main(pretraining_tabulate)
