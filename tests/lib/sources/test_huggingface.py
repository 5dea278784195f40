import pandas as pd
import pytest

from lib.cli import UserError
from lib.sources import huggingface


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    import datasets.config

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def dataset(tmp_path):
    """A folder in the layout of the hub: one Parquet file per split."""
    folder = tmp_path / "flores" / "data"
    folder.mkdir(parents=True)
    for split, n in (("train", 5), ("test", 3)):
        rows = [{"number": i, "sentence": f"{split} Satz {i}"} for i in range(n)]
        pd.DataFrame(rows).to_parquet(folder / f"{split}-00000-of-00001.parquet")
    return folder.parent


def read(dataset, most=None, **fields):
    source = {
        "id": str(dataset),
        "split": "train",
        "text_column": "sentence",
        "key_column": "number",
        **fields,
    }
    settings = {"dataset": source, **({"max_documents": most} if most else {})}
    return huggingface.documents(settings, "deu_Latn", [], 0)


def test_rows_of_the_split_with_text_and_key(dataset):
    found = list(read(dataset, split="test"))
    assert [(d.key, d.text) for d in found] == [(str(i), f"test Satz {i}") for i in range(3)]
    assert found[2].source == f"{dataset}::test:3"


def test_streaming_gives_the_same_rows(dataset):
    assert list(read(dataset, most=4)) == list(read(dataset))


def test_id_config_revision_and_streaming_reach_the_library(monkeypatch):
    import datasets

    calls = []

    def load(*arguments, **options):
        calls.append((arguments, options))
        return [{"sentence": "Satz", "number": 1}]

    monkeypatch.setattr(datasets, "load_dataset", load)
    [document] = read("owner/name", most=1, config="deu", revision="abc")
    assert document.source == "owner/name@abc:deu:train:1"
    options = {"name": "deu", "split": "train", "revision": "abc", "streaming": True}
    assert calls == [(("owner/name",), options)]


def test_mistakes_name_the_dataset(dataset, tmp_path):
    with pytest.raises(UserError, match=r"deu_Latn: .*nowhere cannot be loaded \(.*check id"):
        list(read(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"cannot be loaded \(.*nosuch"):
        list(read(dataset, split="nosuch"))
    with pytest.raises(UserError, match="no field 'words'; there are number, sentence"):
        list(read(dataset, text_column="words"))


def test_a_stream_that_breaks_off_names_the_dataset(monkeypatch):
    import datasets

    def load(*arguments, **options):
        yield {"sentence": "Satz", "number": 1}
        raise ConnectionError("lost")

    monkeypatch.setattr(datasets, "load_dataset", load)
    found = read("owner/name", most=2)
    assert next(found).text == "Satz"
    with pytest.raises(
        UserError, match=r"corpora: datasets: deu_Latn: owner/name cannot be loaded beyond row 1"
    ):
        next(found)
