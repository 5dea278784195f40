"""Datasets of the Hugging Face hub, or folders in the same layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib.cli import UserError
from lib.sources import Document
from lib.sources.local import row_document


def documents(settings: dict[str, Any], lang: str, inputs: list[Path], seed: int) -> Iterator[Document]:
    """The rows of a dataset, in its own order; streamed when only max_documents of them are wanted.

    ``settings["dataset"]`` has id, config, split, revision, text_column and key_column.

    Raises:
        UserError: the dataset cannot be loaded, or lacks a column.
    """
    import datasets

    source = settings["dataset"]
    name = "@".join(filter(None, (source["id"], source.get("revision"))))
    try:
        rows = datasets.load_dataset(
            source["id"],
            source.get("config"),
            split=source["split"],
            revision=source.get("revision"),
            streaming="max_documents" in settings,
        )
    except Exception as error:  # the library raises many kinds, for a wrong name as for a lost connection
        raise UserError(
            f"corpora: datasets: {lang}: {name} cannot be loaded ({type(error).__name__}: {error}); "
            "check id, config, split and revision, and that the hub can be reached"
        ) from None
    for number, row in enumerate(rows, start=1):
        yield from row_document(
            row, source, f"{name}:{source.get('config') or ''}:{source['split']}:{number}"
        )
