import pandas as pd
import pyarrow.parquet as pq
import pytest

from lib import table
from lib.table import FLAG, INTEGER, INTEGERS, REAL, TEXT, Column, ContractError, Table, read_provenance

THINGS = Table(
    "things",
    {
        "name": Column(TEXT, "what it is called"),
        "part": Column(INTEGER, "number of the part"),
        "seconds": Column(REAL, "time, in seconds", measured=True),
        "right": Column(FLAG, "whether it is right", null=True),
        "ids": Column(INTEGERS, "token ids"),
    },
    key=("name", "part"),
)
ROW = {"name": "a", "part": 1, "seconds": 0.5, "right": None, "ids": [1, 2]}


def rows(**changed):
    return [ROW, {**ROW, "part": 2, **changed}]


def without(name):
    return [{key: value for key, value in ROW.items() if key != name}]


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "new" / "folder" / "things.parquet"
    THINGS.write(rows(right=True, ids=[]), path)
    read = THINGS.read(path)
    assert list(read.columns) == list(THINGS.columns)
    assert read["part"].tolist() == [1, 2]
    assert read["right"].tolist() == [None, True]
    assert [ids.tolist() for ids in read["ids"]] == [[1, 2], []]
    THINGS.write(read, tmp_path / "again.parquet")  # as a data frame
    assert pq.read_table(tmp_path / "again.parquet").equals(pq.read_table(path))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (pd.DataFrame(rows()).drop(columns="seconds"), r"lacks \['seconds'\]"),
        (without("seconds"), r"lacks \['seconds'\]"),
        (pd.DataFrame(rows()).assign(more=1), r"does not declare \['more'\]"),
        ([{**ROW, "more": 1}], r"does not declare \['more'\]"),
        (rows(name=None), "'name' of 'things' has 1 nulls"),
        (rows(seconds=float("nan")), "'seconds' of 'things' has 1 nulls"),
        (rows(part=1.5), "column 'part'"),
        (rows(name=3), "column 'name'"),
        (rows(seconds="long"), "column 'seconds'"),
        (rows(right="maybe"), "column 'right'"),
        (rows(ids=3), "column 'ids'"),
        ([{**ROW, "ids": 3}], "column 'ids'"),
        (rows(part=1), "two rows with the key {'name': 'a', 'part': 1}"),
    ],
)
def test_what_breaks_the_contract_is_not_written(tmp_path, wrong, message):
    with pytest.raises(ContractError, match=message) as error:
        THINGS.write(wrong, tmp_path / "things.parquet")
    assert "things.parquet" in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    THINGS.write([], tmp_path / "none.parquet")
    read = THINGS.read(tmp_path / "none.parquet")
    assert read.empty and list(read.columns) == list(THINGS.columns)
    assert list(THINGS.read().columns) == list(THINGS.columns)


def test_files_are_read_in_the_order_given(tmp_path):
    for name in "ab":
        THINGS.write([{**ROW, "name": name}], tmp_path / name)
    assert THINGS.read(tmp_path / "b", tmp_path / "a")["name"].tolist() == ["b", "a"]


def test_a_table_of_another_contract_is_refused(tmp_path):
    Table("other", {"name": Column(TEXT, "name")}).write([{"name": "a"}], tmp_path / "other.parquet")
    with pytest.raises(ContractError, match=r"not a 'things' table, it lacks"):
        THINGS.read(tmp_path / "other.parquet")


@pytest.mark.parametrize("broken", ["write_table", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken):
    path = tmp_path / "things.parquet"
    THINGS.write(rows(), path)
    before = path.read_bytes()

    def fail(data, place, **settings):
        if broken == "write_table":
            place.write_bytes(b"half")
        raise OSError("disk full")

    module = table.pq if broken == "write_table" else table.os
    monkeypatch.setattr(module, broken, fail)
    with pytest.raises(OSError, match="disk full"):
        THINGS.write(rows(seconds=9.0), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_fields_say_what_they_mean_and_what_is_measured(tmp_path):
    THINGS.write(rows(), tmp_path / "things.parquet")
    schema = pq.read_schema(tmp_path / "things.parquet")
    assert {field.name: field.metadata[b"measured"] for field in schema} == {
        "name": b"false",
        "part": b"false",
        "seconds": b"true",
        "right": b"false",
        "ids": b"false",
    }
    assert schema.field("seconds").metadata[b"meaning"] == b"time, in seconds"


def test_provenance_travels_with_the_table(tmp_path):
    (tmp_path / "input").write_text("abc")
    THINGS.write(rows(), tmp_path / "things.parquet", inputs=[tmp_path / "input"], seed=3)
    record = read_provenance(tmp_path / "things.parquet")
    assert record["seed"] == 3
    assert record["inputs"] == {
        str(tmp_path / "input"): "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    }


def test_a_table_is_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("lib.table.BATCH", 1)
    THINGS.write(rows(), path := tmp_path / "things.parquet")
    parts = list(THINGS.batches(path, "part", "name"))
    assert len(parts) == len(rows()) and all(len(part) == 1 for part in parts)
    assert [part["name"][0].as_py() for part in parts] == THINGS.read(path)["name"].tolist()
    pq.write_table(pq.read_table(path).drop(["seconds"]), tmp_path / "other.parquet")
    with pytest.raises(ContractError, match=r"other.parquet: not a 'things' table, it lacks \['seconds'\]"):
        next(THINGS.batches(tmp_path / "other.parquet", "name"))
