"""The user's own files: text (a line is a document), JSONL, Parquet, and these compressed with gzip."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from lib.cli import UserError
from lib.lines import check_utf8, lines, records
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
        packed = path.suffix == ".gz"
        format_ = Path(path.stem).suffix if packed else path.suffix
        if format_ not in FORMATS:
            raise UserError(f"{path}: unknown format; known are {', '.join(FORMATS)}, each also with .gz")
        try:
            with gzip.open(path) if packed else open(path, "rb") as file:
                for place, row in _rows(file, format_, path):
                    yield from row_document(row, settings, place)
        except (OSError, EOFError, ValueError, zlib.error, pa.ArrowException) as error:
            raise UserError(
                f"{path}: cannot be read as {format_}{'.gz' * packed}: {error}; "
                "correct the path, or write the file again"
            ) from None


def row_document(row: dict[str, Any], settings: dict[str, Any], source: str) -> Iterator[Document]:
    """The document of one row; none where the text is blank.

    Raises:
        UserError: the row lacks a field, or a field is null or no text that UTF-8 can hold.
    """
    field, key = settings.get("text_column", "text"), settings.get("key_column")
    for option, name in (("text_column", field), ("key_column", key)):
        if name is None:
            continue
        if name not in row:
            raise UserError(
                f"{source}: no field {name!r}; there are {', '.join(sorted(row))}; correct {option}"
            )
        if row[name] is None:
            raise UserError(f"{source}: field {name!r} is null; give it a value, or leave the row out")
        check_utf8(str(row[name]), source, f"field {name!r}")
    text = str(row[field]).strip()
    if text:
        shared = text if key is None else str(row[key])
        yield Document(normalise(text) if key is None else shared, shared, text, source)


def _rows(file: BinaryIO, format_: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with its place: path and number of the line, or of the row in a table."""
    if format_ == ".txt":
        yield from ((place, {"text": line}) for place, line in lines(file, path))
    elif format_ == ".jsonl":
        yield from records(file, path)
    else:
        batches = pq.ParquetFile(io.BytesIO(file.read())).iter_batches()
        rows = (row for batch in batches for row in batch.to_pylist())
        yield from ((f"{path}:{number}", row) for number, row in enumerate(rows, 1))
