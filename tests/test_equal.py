"""The comparison that other tests rest on must itself be able to fail."""

import math
from pathlib import Path

import pytest
from equal import differences

from lib.table import INTEGER, REAL, REALS, TEXT, Column, Table

TABLE = Table(
    "trial",
    {
        "name": Column(TEXT, "name"),
        "value": Column(REAL, "value", null=True),
        "parts": Column(REALS, "parts"),
        "seconds": Column(REAL, "wall time", measured=True),
    },
    key=("name",),
)
ROWS = [
    {"name": "a", "value": 0.1, "parts": [1.0, math.nan], "seconds": 1.0},
    {"name": "b", "value": None, "parts": [], "seconds": 2.0},
]


def write(folder: Path, rows: list[dict], table: Table = TABLE, name: str = "stage/trial.parquet") -> Path:
    table.write(rows, folder / name)
    return folder


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return write(tmp_path / "first", ROWS)


def changed(**values: object) -> list[dict]:
    return [{**ROWS[0], **values}, ROWS[1]]


def test_equal_runs_have_no_difference(first: Path, tmp_path: Path) -> None:
    assert differences(first, write(tmp_path / "second", ROWS)) == []


def test_times_and_file_metadata_may_differ(first: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    TABLE.write(changed(seconds=99.0), second / "stage/trial.parquet", seed=7)
    assert differences(first, second) == []


def test_logs_and_benchmarks_may_differ(first: Path, tmp_path: Path) -> None:
    second = write(tmp_path / "second", ROWS)
    (first / "logs").mkdir()
    (first / "logs" / "step.log").write_text("took 3 s")
    assert differences(first, second) == []


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"value": 0.1 + 1e-16}, "value"),
        ({"value": None}, "value"),
        ({"value": math.nan}, "value"),
        ({"parts": [1.0, 2.0]}, "parts"),
        ({"name": "c"}, "name"),
    ],
)
def test_any_other_value_is_a_difference(first: Path, tmp_path: Path, values: dict, column: str) -> None:
    found = differences(first, write(tmp_path / "second", changed(**values)))
    assert found == [f"stage/trial.parquet: column {column!r} differs, first in row 0"]


def test_order_of_rows_counts(first: Path, tmp_path: Path) -> None:
    assert differences(first, write(tmp_path / "second", ROWS[::-1]))


def test_number_of_rows_counts(first: Path, tmp_path: Path) -> None:
    found = differences(first, write(tmp_path / "second", ROWS[:1]))
    assert found == ["stage/trial.parquet: 2 and 1 rows"]


def test_type_of_a_column_counts(first: Path, tmp_path: Path) -> None:
    other = Table("trial", {**TABLE.columns, "value": Column(INTEGER, "value", null=True)}, key=("name",))
    assert "columns" in differences(first, write(tmp_path / "second", changed(value=1), other))[0]


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("name", ["stage/more.parquet", "stage/figure.svg"])
def test_a_file_on_one_side_is_a_difference(first: Path, tmp_path: Path, name: str, swap: bool) -> None:
    second = write(tmp_path / "second", ROWS)
    (second / name).write_text("")
    pair = (second, first) if swap else (first, second)
    assert differences(*pair) == [f"{name}: only in {second}"]


def test_nothing_to_compare_is_a_difference(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    assert differences(tmp_path / "first", tmp_path / "second")


def test_a_missing_folder_is_a_difference(tmp_path: Path) -> None:
    assert differences(tmp_path / "first", tmp_path / "second")


def test_a_table_of_times_alone_is_a_difference(tmp_path: Path) -> None:
    times = Table("times", {"seconds": Column(REAL, "wall time", measured=True)})
    pair = [write(tmp_path / name, [{"seconds": 1.0}], times) for name in ("first", "second")]
    assert "nothing is compared" in differences(*pair)[0]
