"""Code: the source of the standard library of the Python that runs."""

from __future__ import annotations

import platform
import sysconfig
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib.sources import Document
from lib.splits import shuffled

# Tests are repetitive, encodings and topics are generated tables, the rest is not the library.
LEFT_OUT = {
    "test",
    "tests",
    "idle_test",
    "encodings",
    "pydoc_data",
    "site-packages",
    "dist-packages",
    "__pycache__",
}

LONGEST = 12_000  # characters of a document; half of the files are shorter than 8,000


def documents(settings: dict[str, Any], lang: str, inputs: list[Path], seed: int) -> Iterator[Document]:
    """Files in the order of a hash of their names, long ones in pieces; a file is one message."""
    root = Path(sysconfig.get_path("stdlib"))
    names = [path.relative_to(root) for path in root.rglob("*.py")]
    kept = [name.as_posix() for name in names if not LEFT_OUT & set(name.parts)]
    for name in sorted(kept, key=shuffled):
        with tokenize.open(root / name) as file:  # by the encoding that the file declares
            text = file.read()
        for piece in pieces(text):
            yield Document(name, name, piece, f"Python {platform.python_version()}:{name}")


def pieces(text: str) -> list[str]:
    """Cut a text at blank lines into pieces of at most LONGEST characters, where lines allow it."""
    found, piece = [], ""
    for paragraph in text.split("\n\n"):
        if piece and len(piece) + len(paragraph) > LONGEST:
            found.append(piece)
            piece = ""
        piece = f"{piece}\n\n{paragraph}" if piece else paragraph
    return [piece.strip("\n") for piece in [*found, piece] if piece.strip()]
