"""Lines of a file in UTF-8, and records of JSON Lines or of a TSV file, each with its place for messages."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from lib.cli import UserError


def lines(file: BinaryIO, path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a text, each with its place: path and number, like ``a.txt:7``.

    Raises:
        UserError: the file is damaged, or a line is not UTF-8.
    """
    number = 0
    # Other bytes become surrogates: a strict decoder fails for a whole block of lines, and hides which.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape")
    try:
        for number, line in enumerate(text, 1):
            if not is_utf8(line):
                raise UserError(f"{path}:{number}: not in UTF-8; save the file in this encoding")
            yield f"{path}:{number}", line
    except (OSError, EOFError, zlib.error) as error:  # what gzip raises where bytes are wrong or missing
        raise UserError(
            f"{path}:{number + 1}: cannot be read from here on ({error}); "
            "the file is damaged, fetch or write it again"
        ) from None


def records(file: BinaryIO, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of JSON Lines, each with its place; blank lines are none.

    Raises:
        UserError: the file is damaged, or a line is not a JSON object in UTF-8.
    """
    for place, line in lines(file, path):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{place}: not valid JSON ({error}); each line must be one JSON object") from None
        if not isinstance(record, dict):
            raise UserError(f'{place}: not a JSON object; each line must be one, like {{"text": "..."}}')
        yield place, record


def tsv(file: BinaryIO, path: Path, columns: Sequence[str] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of a file with tabs between its columns, each with its place; blank lines are none.

    Quotation marks are text like any other.

    Args:
        file: the open file.
        path: its path, for messages.
        columns: names of the columns; where there are none, the first line has them.

    Raises:
        UserError: the file is damaged, or a line is not UTF-8 or has another number of columns.
    """
    for place, line in lines(file, path):
        cells = line.rstrip("\n").split("\t")
        if columns is None:
            columns = cells
        elif line.strip():
            if len(cells) != len(columns):
                raise UserError(
                    f"{place}: {len(cells)} columns, and {len(columns)} have names ({', '.join(columns)}); "
                    "correct the line, or name the columns in 'columns' of the task"
                )
            yield place, dict(zip(columns, cells, strict=True))


def is_utf8(text: str) -> bool:
    """Whether a text can be written in UTF-8: half a surrogate pair, ``\\ud83d`` in JSON, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_utf8(text: str, place: str, name: str) -> None:
    """Refuse a text with half a surrogate pair, which is what cutting UTF-16 inside a character leaves.

    Args:
        text: what was read.
        place: where, for the message.
        name: what it is there, for the message.

    Raises:
        UserError: the text cannot be written in UTF-8.
    """
    if not is_utf8(text):
        half = next(character for character in text if not is_utf8(character))
        raise UserError(
            f"{place}: {name} has half a surrogate pair, {half!a}, which is no character; "
            "remove it, or write the whole pair"
        )
