"""Whether two runs came to the same results."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

LEFT_OUT = {"logs", "benchmarks"}  # times and machine names


def differences(results_a: Path, results_b: Path, part: bool = False) -> list[str]:
    """What two results folders differ in, a line each; an empty list says that they are equal.

    Both must have the same files; with ``part``, the first may be a part of the second.
    Tables must be equal in columns, types, rows and their order;
    columns that their contract marks as measured are left out, and so is the file's metadata.
    Where there is no table to compare, that is a difference too.
    """
    files_a, files_b = _files(results_a), _files(results_b)
    found = [f"{path}: only in {results_a}" for path in sorted(files_a - files_b)]
    if not part:
        found += [f"{path}: only in {results_b}" for path in sorted(files_b - files_a)]
    tables = sorted(path for path in files_a & files_b if path.suffix == ".parquet")
    if not tables:
        found.append(f"no table is in both {results_a} and {results_b}")
    for path in tables:
        left, right = (pq.ParquetFile(results / path).read() for results in (results_a, results_b))
        found += [f"{path}: {difference}" for difference in table_differences(left, right)]
    return found


def table_differences(left: pa.Table, right: pa.Table) -> list[str]:
    """What two tables differ in, a line each; see :func:`differences`."""
    if (columns := _columns(left)) != (other := _columns(right)):
        return [f"columns {columns} and {other}"]
    if left.num_rows != right.num_rows:
        return [f"{left.num_rows} and {right.num_rows} rows"]
    compared = [name for name, (_, measured) in columns.items() if not measured]
    if not compared:
        return ["every column is measured, so that nothing is compared"]
    return [
        f"column {name!r} differs, first in row {row}"
        for name in compared
        if (row := _first_difference(left.column(name), right.column(name))) is not None
    ]


def _files(results: Path) -> set[Path]:
    paths = (path.relative_to(results) for path in results.rglob("*") if path.is_file())
    return {path for path in paths if path.parts[0] not in LEFT_OUT}


def _columns(table: pa.Table) -> dict[str, tuple[str, bool]]:
    """Type of each column, and whether it is measured."""
    return {
        field.name: (str(field.type), (field.metadata or {}).get(b"measured") == b"true")
        for field in table.schema
    }


def _first_difference(left: pa.ChunkedArray, right: pa.ChunkedArray) -> int | None:
    if left.equals(right):
        return None
    # Not a number differs from itself; written out, it does not.
    pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
    return next((row for row, (a, b) in enumerate(pairs) if repr(a) != repr(b)), None)
