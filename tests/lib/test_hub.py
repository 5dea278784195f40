import datasets
import pytest

from lib import hub
from lib.cli import UserError


def read(monkeypatch, load):
    monkeypatch.setattr(datasets, "load_dataset", load)
    rows = []
    with pytest.raises(UserError) as error:
        for row in hub.rows("tasks: records", "owner/name", None, "train", "abc", streaming=True):
            rows.append(row)
    return rows, str(error.value)


def test_a_dataset_that_cannot_be_loaded(monkeypatch):
    def load(*arguments, **options):
        raise ConnectionError("no route")

    assert read(monkeypatch, load) == (
        [],
        "tasks: records: owner/name@abc cannot be loaded (ConnectionError: no route); "
        "check id, configuration, split and revision, and that the hub can be reached; "
        "a dataset that is a script needs the revision refs/convert/parquet",
    )


def test_the_export_of_a_dataset_has_a_folder_for_each_configuration(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    for config in ("de", "fr"):
        for split in ("train", "test"):
            (tmp_path / "own" / config / split).mkdir(parents=True)
            data = datasets.Dataset.from_dict({"where": [f"{config} {split}"]})
            data.to_parquet(tmp_path / "own" / config / split / "0000.parquet")
    found = hub.rows("tasks: records", str(tmp_path / "own"), "fr", "test", hub.EXPORT)
    assert list(found) == [{"where": "fr test"}]


def test_a_stream_that_breaks_off(monkeypatch):
    def load(*arguments, **options):
        yield from ({"n": 1}, {"n": 2})
        raise TimeoutError("too slow")

    rows, message = read(monkeypatch, load)
    assert rows == [{"n": 1}, {"n": 2}]
    assert "owner/name@abc cannot be loaded beyond row 2 (TimeoutError: too slow); check id" in message


def test_mistakes_of_the_reader_stay_its_own(monkeypatch):
    monkeypatch.setattr(datasets, "load_dataset", lambda *arguments, **options: [{"n": 1}])
    with pytest.raises(ZeroDivisionError):
        for row in hub.rows("tasks: records", "owner/name", None, "train", "abc"):
            row["n"] / 0
