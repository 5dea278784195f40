"""Datasets of the Hugging Face hub, or folders in the same layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib import hub
from lib.sources import Document
from lib.sources.local import row_document


def documents(settings: dict[str, Any], lang: str, inputs: list[Path], seed: int) -> Iterator[Document]:
    """The rows of a dataset, in its own order; streamed when only max_documents of them are wanted.

    ``settings["dataset"]`` has id, config, split, revision, text_column and key_column.

    Raises:
        UserError: the dataset cannot be loaded, or lacks a column.
    """
    source = settings["dataset"]
    config, split, revision = source.get("config"), source["split"], source.get("revision")
    rows = hub.rows(
        f"corpora: datasets: {lang}", source["id"], config, split, revision, "max_documents" in settings
    )
    name = "@".join(filter(None, (source["id"], revision)))
    for number, row in enumerate(rows, start=1):
        yield from row_document(row, source, f"{name}:{config or ''}:{split}:{number}")
