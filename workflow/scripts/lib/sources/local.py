"""The user's own files: text (a line is a document), JSONL, Parquet, and these compressed with gzip."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lib.cli import UserError
from lib.sources import Document
from lib.splits import normalise

FORMATS = (".txt", ".jsonl", ".parquet")


def documents(settings: dict[str, Any], lang: str, inputs: list[Path], seed: int) -> Iterator[Document]:
    """The rows of all files, in the order of the files.

    ``text_column`` of the settings names the text, ``key_column`` what parallel texts share.

    Raises:
        UserError: a file is missing, damaged, not in UTF-8, of an unknown format, or lacks a field.
    """
    if not inputs:
        raise UserError(f"corpora: files: no files for {lang}")
    for path in inputs:
        try:
            yield from _documents(path, settings)
        except (OSError, EOFError, ValueError) as error:
            raise UserError(f"{path}: cannot be read as {''.join(path.suffixes)}: {error}") from None


def _documents(path: Path, settings: dict[str, Any]) -> Iterator[Document]:
    packed = path.suffix == ".gz"
    format_ = Path(path.stem).suffix if packed else path.suffix
    if format_ not in FORMATS:
        raise UserError(f"{path}: unknown format; known are {', '.join(FORMATS)}, each also with .gz")
    with gzip.open(path) if packed else open(path, "rb") as file:
        for number, row in enumerate(_rows(file, format_), start=1):
            yield from row_document(row, settings, f"{path}:{number}")


def row_document(row: dict[str, Any], settings: dict[str, Any], source: str) -> Iterator[Document]:
    """The document of one row; none where the text is blank.

    Raises:
        UserError: the row lacks a field.
    """
    field, key = settings.get("text_column", "text"), settings.get("key_column")
    for name in filter(None, (field, key)):
        if row.get(name) is None:
            raise UserError(f"{source}: no field {name!r}; there are {', '.join(sorted(row))}")
    text = str(row[field]).strip()
    if text:
        shared = text if key is None else str(row[key])
        yield Document(normalise(text) if key is None else shared, shared, text, source)


def _rows(file: BinaryIO, format_: str) -> Iterator[dict[str, Any]]:
    if format_ == ".parquet":
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(io.BytesIO(file.read())).iter_batches():
            yield from batch.to_pylist()
        return
    for line in io.TextIOWrapper(file, encoding="utf-8-sig"):
        if format_ == ".txt":
            yield {"text": line}
        elif line.strip():
            yield json.loads(line)
