"""Build one language of a corpus: documents in splits that share no message.

Example:
    python workflow/scripts/corpus_build.py --corpus '{"kind": "gettext", "domain": "interface",
        "split": {"dev": 0.05, "test": 0.15}}' --lang jpn_Jpan --seed 0 \
        --train train.parquet --dev dev.parquet --test test.parquet django.whl weblate.whl

READS   archives or the user's own files, as the kind of the corpus needs
WRITES  one table of documents per split (lib/contracts/corpus.py), sorted by doc_id

The kinds are the modules of lib/sources. The split of a document is decided by a hash of its
normalised message; what train or dev would share with a later split is dropped. With max_documents
only the first documents of the source are used, before they are split.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from lib.alarms import check_charset, check_script
from lib.cli import UserError, main, settings
from lib.contracts.corpus import DOCUMENTS
from lib.progress import Work
from lib.sources import Document
from lib.splits import SPLITS, digest, normalise, split_of, without_shared

ID_LENGTH = 16  # hex digits of a group's identifier: 64 bits


def build(
    corpus: Annotated[str, typer.Option(help="Settings of the corpus, as JSON.")],
    lang: Annotated[str, typer.Option(help="Language to build, like jpn_Jpan.")],
    seed: Annotated[int, typer.Option(help="Seed of what is generated.")],
    train: Annotated[Path, typer.Option(help="Table of training documents to write.")],
    dev: Annotated[Path, typer.Option(help="Table of development documents to write.")],
    test: Annotated[Path, typer.Option(help="Table of test documents to write.")],
    inputs: Annotated[list[Path] | None, typer.Argument(help="Archives or files that are read.")] = None,
) -> None:
    """Build one language of a corpus, and check that it is what it says."""
    block = settings(corpus)
    source = importlib.import_module(f"lib.sources.{block['kind']}")
    where = f"corpora: {block['kind']}, {lang}"
    with Work("corpus_build", block.get("max_documents"), "documents") as work:
        found = counted(source.documents(block, lang, inputs or [], seed), work)
        rows = unique_rows(found, block, lang)
        texts = [row["text"] for row in rows]
        if not texts:
            raise UserError(f"{where}: there are no documents; check the source")
        check_charset(texts, where)
        check_script(texts, lang, where)
        splits = split_rows(rows)
        for split, rows in splits.items():
            if not rows and block["split"].get(split) != 0:
                raise UserError(
                    f"{where}: none of {len(texts)} documents is for {split}; add documents or change split"
                )
        for split, path in zip(SPLITS, (train, dev, test), strict=True):
            print(f"{lang}: {split}: {len(splits[split])} documents")
            DOCUMENTS.write(splits[split], path, inputs=inputs or [], seed=seed)


def counted(documents: Iterable[Document], work: Work) -> Iterable[Document]:
    """The same documents, each counted as progress."""
    for document in documents:
        work.advance()
        yield document


def unique_rows(documents: Iterable[Document], block: dict[str, Any], lang: str) -> list[dict[str, Any]]:
    """Rows of the table, with the split that the message decides; what a group says twice counts once."""
    rows, seen, parts = [], set(), Counter()

    def fresh() -> Iterable[tuple[str, Document]]:
        for document in documents:
            group = digest(document.key)[:ID_LENGTH]
            said = (group, normalise(document.text))
            if said not in seen:
                seen.add(said)
                yield group, document

    for group, document in islice(fresh(), block.get("max_documents")):
        rows.append(
            {
                "doc_id": f"{group}-{parts[group]:04}" if parts[group] else group,
                "lang": lang,
                "domain": block["domain"],
                "group_id": group,
                "text": document.text,
                "source": document.source,
                "split": split_of(document.message, **block["split"]),
            }
        )
        parts[group] += 1
    return rows


def split_rows(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows of each split, sorted, without those whose text a later split has too."""
    splits: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    for row in sorted(rows, key=lambda row: row["doc_id"]):
        split = row.pop("split")
        splits[split].append(row)
    kept = without_shared({split: [row["text"] for row in members] for split, members in splits.items()})
    return {split: [splits[split][i] for i in kept[split]] for split in SPLITS}


if __name__ == "__main__":
    main(build)
