"""A table that is written part by part, so that a killed step loses at most one part."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from lib.table import Table, read_provenance


class Parts:
    """The finished parts of an unfinished table, in a hidden folder beside it.

    Each part is a file of its own, whole or not there. ``identity`` says which run it belongs to: parts of
    other settings, other data or another kind of machine are ignored.
    """

    def __init__(self, table: Table, path: Path, identity: str) -> None:
        self.table, self.identity = table, identity
        self.folder = path.with_name(f".{path.name}.parts")

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}.parquet"

    def has(self, number: int) -> bool:
        """Whether a part of this very run is there."""
        path = self._path(number)
        return path.is_file() and read_provenance(path)["identity"] == self.identity

    def write(self, number: int, rows: list[dict[str, Any]]) -> None:
        """Write one part."""
        self.table.write(rows, self._path(number), identity=self.identity)

    def read(self, count: int) -> pd.DataFrame:
        """All parts, which must be there, in order."""
        return self.table.read(*map(self._path, range(count)))

    def remove(self) -> None:
        """Forget the parts: the table is written."""
        shutil.rmtree(self.folder, ignore_errors=True)
