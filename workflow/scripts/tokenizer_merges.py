"""Learn the merges of byte-level BPE on a mix of languages, once for all vocabulary sizes.

Example:
    python workflow/scripts/tokenizer_merges.py --size 16000 --merges out/merges.parquet \
        --mixed out/mixed.parquet --settings '{"mix": "universal", "temperature": 2, "max_bytes": 60000000}' \
        results/corpus/catalogs/train/*.parquet

READS   results/corpus/{corpus}/train/{lang}.parquet of the mix's languages
WRITES  results/tokenizer/merges/{mix}/merges.parquet: the merges in order, as many as the text supports
        results/tokenizer/merges/{mix}/mixed.parquet: the text of each language that was read
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main, settings
from lib.contracts.tokenizer import MERGES, MIXED
from lib.progress import Work
from lib.tokenizer import mixed_text, trainers


def learn(
    settings_text: Annotated[
        str,
        typer.Option(
            "--settings", help="JSON: how the mix weighs its languages, and max_bytes that are read."
        ),
    ],
    size: Annotated[int, typer.Option(help="The largest vocabulary size that the merges are for.")],
    merges: Annotated[Path, typer.Option(help="Table of merges to write.")],
    mixed: Annotated[Path, typer.Option(help="Table to write: what each language gave to the training.")],
    documents: Annotated[list[Path], typer.Argument(help="Training documents, one file per language.")],
    seed: Annotated[int, typer.Option(help="Seed of the mix.")] = 0,
) -> None:
    """Learn the merges of byte-level BPE on a mix of languages, once for all vocabulary sizes."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    import tokenizers  # noqa: F401 (its loading is not the step's work)

    chosen = settings(settings_text)
    with Work("tokenizer_merges", 2, "parts") as work:
        text = mixed_text.mix(documents, chosen, seed)
        work.advance(note="mixed")
        learnt = trainers.byte_merges(text, size)
        work.advance(note=f"learnt {len(learnt)} merges")
        rows = [{"rank": n, "left": left, "right": right} for n, (left, right) in enumerate(learnt)]
        MERGES.write(rows, merges, inputs=documents, seed=seed)
        MIXED.write(text.rows, mixed, inputs=documents, seed=seed)


if __name__ == "__main__":
    main(learn)
