"""Parquet tables with a declared contract, checked when they are written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lib.cli import UserError
from lib.provenance import provenance

METADATA_KEY = b"tok2cot"
BATCH = 8192  # rows that a table is read by, where it is read in parts

TEXT = pa.string()
INTEGER = pa.int64()
REAL = pa.float64()
FLAG = pa.bool_()
INTEGERS = pa.list_(pa.int32())
REALS = pa.list_(pa.float32())
TEXTS = pa.list_(pa.string())


class ContractError(UserError):
    """A table does not have the columns, types or keys that its contract declares."""


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, what it means (with its unit), and whether it may be null.

    ``measured`` marks times and memory, which differ between two otherwise equal runs.
    """

    type: pa.DataType
    meaning: str
    null: bool = False
    measured: bool = False


@dataclass(frozen=True)
class Table:
    """The contract of a table: its columns in order, and the columns that identify a row."""

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema; each field carries its meaning and whether it is measured."""
        return pa.schema(
            pa.field(
                name,
                column.type,
                nullable=column.null,
                metadata={"meaning": column.meaning, "measured": str(column.measured).lower()},
            )
            for name, column in self.columns.items()
        )

    def write(
        self,
        rows: pd.DataFrame | Sequence[dict[str, Any]],
        path: Path,
        inputs: Iterable[Path] = (),
        **facts: Any,
    ) -> None:
        """Check ``rows`` against the contract and write them to ``path``, whole or not at all.

        Args:
            rows: a data frame or a list of records.
            path: the Parquet file; its folder is made.
            inputs: files whose hashes go into the provenance.
            facts: further provenance, like seed, dtype, threads.

        Raises:
            ContractError: a column is missing, unknown, null where it must not be, of another
                type, or two rows share a key.
        """
        table = self._checked(rows, path)
        record = json.dumps(provenance(inputs, facts), sort_keys=True)
        table = table.replace_schema_metadata({METADATA_KEY: record.encode()})
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            pq.write_table(table, partial, compression="zstd")
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)

    def _checked(self, rows: pd.DataFrame | Sequence[dict[str, Any]], path: Path) -> pa.Table:
        if isinstance(rows, pd.DataFrame):
            frame = rows
        else:
            frame = pd.DataFrame(rows, columns=None if rows else list(self.columns))
        if set(frame.columns) != set(self.columns):
            missing, extra = set(self.columns) - set(frame.columns), set(frame.columns) - set(self.columns)
            raise ContractError(
                f"{path}: table {self.name!r} lacks {sorted(missing)} and does not declare {sorted(extra)}"
            )
        arrays = []
        for name, column in self.columns.items():
            try:
                array = pa.Array.from_pandas(frame[name], type=column.type)
            except pa.ArrowException as error:
                raise ContractError(f"{path}: column {name!r} of {self.name!r}: {error}") from None
            if array.null_count and not column.null:
                raise ContractError(f"{path}: column {name!r} of {self.name!r} has {array.null_count} nulls")
            arrays.append(array)
        if self.key and frame.duplicated(list(self.key)).any():
            first = frame.loc[frame.duplicated(list(self.key)), list(self.key)].iloc[0].to_dict()
            raise ContractError(f"{path}: table {self.name!r} has two rows with the key {first}")
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def read(self, *paths: Path) -> pd.DataFrame:
        """Read one or more files of this table into one data frame, in the order given.

        Raises:
            ContractError: a file lacks a declared column.
        """
        frames = []
        for path in paths:
            table = pq.ParquetFile(path).read()
            if missing := set(self.columns) - set(table.column_names):
                raise ContractError(f"{path}: not a {self.name!r} table, it lacks {sorted(missing)}")
            frames.append(table.select(list(self.columns)))
        whole = pa.concat_tables(frames) if frames else self.schema.empty_table()
        return whole.to_pandas()

    def batches(self, path: Path, *columns: str) -> Iterator[pa.RecordBatch]:
        """Read some columns of a file part by part, so that a large file is never held whole.

        Raises:
            ContractError: the file lacks a declared column.
        """
        file = pq.ParquetFile(path)
        if missing := set(self.columns) - set(file.schema_arrow.names):
            raise ContractError(f"{path}: not a {self.name!r} table, it lacks {sorted(missing)}")
        yield from file.iter_batches(batch_size=BATCH, columns=list(columns))


def read_provenance(path: Path) -> dict[str, Any]:
    """The provenance record of a table written by :meth:`Table.write`."""
    return json.loads(pq.read_schema(path).metadata[METADATA_KEY])
