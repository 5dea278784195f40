"""Score a model on text: bits for each document, comparable whatever the tokenizer.

Example:
    python workflow/scripts/pretraining_score.py --model results/model/nano+bytebpe-16k-universal \
        --cell '{"model": "nano+bytebpe-16k-universal", "arm": "base", "seed": 0,
            "tokenizer": "bytebpe-16k-universal", "base": "nano"}' \
        --characters 512 --documents-per-language 100 --bits bits.parquet \
        --solutions results/task/gsm8k/test.parquet \
        results/corpus/catalogs/test/eng_Latn.parquet results/corpus/catalogs/test/fra_Latn.parquet

READS   a model folder, an adapter folder; documents (contract corpus.DOCUMENTS) at
        {corpus}/{split}/{lang}.parquet; task items (contract task.ITEMS) at {task}/{split}.parquet
WRITES  bits of each document (pretraining.BITS, or with adapters held_out.BITS)
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lib.adaptation import saved
from lib.cli import UserError, main, settings
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.pretraining import TASK, UNDETERMINED
from lib.contracts.task import ITEMS
from lib.progress import Work
from lib.splits import shuffled


def pretraining_score(
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    cell: Annotated[str, typer.Option(help="What is scored: JSON with the columns that name it.")],
    characters: Annotated[int, typer.Option(help="Characters of a segment; each is scored alone.")],
    documents_per_language: Annotated[
        int, typer.Option(help="Most documents of each table, a draw; of tasks most items.")
    ],
    bits: Annotated[Path, typer.Option(help="Table of bits to write.")],
    documents: Annotated[list[Path], typer.Argument(help="Tables of documents.")],
    solutions: Annotated[
        list[Path] | None,
        typer.Option(help="Task items whose worked solutions are scored, each after its prompt. Repeatable."),
    ] = None,
    adapter: Annotated[Path | None, typer.Option(help="Adapter folder; none for the model alone.")] = None,
    contract: Annotated[
        str, typer.Option(help="Module in lib/contracts that declares BITS.")
    ] = "pretraining",
    dtype: Annotated[str, typer.Option(help="Number format of the weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Score a model on text, document by document; texts that its tokenizer loses get no bits."""
    names, declared = settings(cell), importlib.import_module(f"lib.contracts.{contract}").BITS
    if saved.left_out(adapter, "scored"):
        return declared.write([], bits, inputs=documents)
    rows: list[dict[str, Any]] = []
    pieces: list[tuple[int, str, str]] = []  # the row that each belongs to, what stands before it, the text
    read = [*documents, *(solutions or [])]

    from lib import pretraining
    from lib.models import lm

    for path in documents:
        table = DOCUMENTS.read(path)
        # Parallel documents share a group: of each language the same ones are drawn.
        drawn = table.iloc[table["group_id"].map(shuffled).argsort(kind="stable")[:documents_per_language]]
        for domain, doc_id, lang, text in drawn[["domain", "doc_id", "lang", "text"]].itertuples(index=False):
            pieces += [(len(rows), "", piece) for piece in pretraining.segments(text, characters)]
            place = {"corpus": path.parent.parent.name, "domain": domain, "lang": lang, "doc_id": doc_id}
            rows.append({**names, **place, "bits": 0.0, "tokens": 0, "bytes": len(text.encode())})
    for path in solutions or []:
        worked = ITEMS.read(path).query("style != 'direct'").head(documents_per_language)
        if worked.empty:
            raise UserError(f"{path}: no item has a worked solution; take the task out of what is scored")
        place = {"corpus": path.parent.name, "domain": TASK, "lang": UNDETERMINED}
        for item, prompt, target in worked[["item_id", "prompt", "target"]].itertuples(index=False):
            pieces.append((len(rows), prompt, target))
            size = len(target.encode())
            rows.append({**names, **place, "doc_id": item, "bits": 0.0, "tokens": 0, "bytes": size})

    network, tokenizer = lm.load(model, adapter, dtype, threads)
    with Work("pretraining_score", len(pieces), "segments") as work:
        owners, prompts, texts = zip(*pieces, strict=True)
        found = pretraining.bits(network, tokenizer, texts, work.advance, prompts)
        for owner, (needed, tokens) in zip(owners, found, strict=True):
            row = rows[owner]
            row["bits"] = None if None in (row["bits"], needed) else row["bits"] + needed
            row["tokens"] += tokens
        if lost := sum(row["bits"] is None for row in rows):
            print(f"note: {lost} of {len(rows)} documents are not restored and get no bits", file=sys.stderr)
        declared.write(rows, bits, inputs=read, dtype=str(network.dtype), threads=threads)


if __name__ == "__main__":
    main(pretraining_score)
