import re

import pandas as pd
import pytest
import task_build
from commands import done, run
from tiny_cell import TASK

from lib.cli import UserError
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.task import ITEMS
from lib.table import read_provenance
from lib.tasks import drawn
from lib.tasks.item import split_of


def build(task, split, size, path, seed=0, documents=None):
    import json

    task_build.task_build(json.dumps(task), split, size, seed, path, documents)
    return ITEMS.read(path)


def test_distinct_questions_of_one_split(cell):
    for split, size in (("train", 40), ("test", 12)):
        items = ITEMS.read(getattr(cell, split))
        assert len(items) == items["item_id"].nunique() == size
        questions = items["prompt"].str.slice(3, -3)
        assert {split_of(question) for question in questions} == {split}
    record = read_provenance(cell.test)
    assert (record["seed"], record["task"]) == (0, TASK)


def test_the_same_command_writes_the_same_items(cell, tmp_path):
    pd.testing.assert_frame_equal(build(TASK, "test", 12, tmp_path / "a"), ITEMS.read(cell.test))
    other = build(TASK, "test", 12, tmp_path / "b", seed=1)
    assert other["item_id"].tolist() != ITEMS.read(cell.test)["item_id"].tolist()


@pytest.mark.parametrize(
    ("task", "remedy"),
    [
        ({**TASK, "terms": 1}, "lower 'items.pool' of the task, or raise 'terms' or 'digits'"),
        ({"kind": "last_letters", "words": 1, "worked_share": 0}, "of the task, or raise 'words'"),
        (
            {"kind": "year_parity", "worked_share": 0},
            "; people of your own are a task of kind 'records' with",
        ),
    ],
)
def test_too_few_questions_are_an_error(tmp_path, monkeypatch, task, remedy):
    monkeypatch.setattr(drawn, "DRAWS", 3000)
    path = tmp_path / "few.parquet"
    with pytest.raises(UserError) as error:
        build(task, "pool-2", 100, path)
    assert re.match(
        rf"{path}: \d+ distinct questions of split 'pool-2', and 100 are wanted;", str(error.value)
    )
    assert remedy in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_small_file_gives_what_it_has(tmp_path, capsys):
    (tmp_path / "own.tsv").write_text("".join(f"{n} + 1?\t{n + 1}\n" for n in range(40)))
    task = {"kind": "records", "path": str(tmp_path / "own.tsv"), "columns": ["q", "a"]}
    task |= {"prompt": "{q}", "answer": "{a}", "verifier": "number"}
    items = build(task, "train", 100, tmp_path / "few.parquet")
    assert 5 < len(items) < 25
    assert f"gives {len(items)} items for 'train'; 100 were asked for" in capsys.readouterr().out


def test_a_source_without_items_of_the_split(tmp_path):
    (tmp_path / "own.tsv").write_text("q\ta\n1 + 1?\t2\n")
    task = {"kind": "records", "path": str(tmp_path / "own.tsv"), "prompt": "{q}", "answer": "{a}"}
    with pytest.raises(UserError, match="no item for split 'pool-99'"):
        build({**task, "verifier": "number"}, "pool-99", 5, tmp_path / "none.parquet")
    assert not (tmp_path / "none.parquet").exists()


def test_translation_reads_documents_source_first(tmp_path):
    paths = []
    for lang, text in (("eng_Latn", "Save it"), ("fra_Latn", "Enregistrer")):
        row = {"doc_id": "1", "lang": lang, "domain": "d", "group_id": "g", "text": text, "source": "s"}
        paths.append(tmp_path / f"{lang}.parquet")
        DOCUMENTS.write([row], paths[-1])
    task = {"kind": "translation", "source": "eng_Latn", "target": "fra_Latn", "max_characters": 50}
    options = {"task": task, "split": "test", "size": 5, "seed": 0, "items": tmp_path / "items.parquet"}
    process = done("task_build", *paths, **options)
    assert "gives 1 items" in process.stdout
    items = ITEMS.read(options["items"])
    assert items["prompt"].tolist() == ["English: Save it\nFrench:"]
    assert items["target"].tolist() == [" Enregistrer"]
    assert list(read_provenance(options["items"])["inputs"]) == [str(path) for path in paths]


def test_a_broken_record_is_one_line(tmp_path):
    (tmp_path / "own.jsonl").write_text('{"q": "1?", "a": "1"}\n{"q": "2?"}\n')
    task = {"kind": "records", "path": str(tmp_path / "own.jsonl"), "prompt": "{q}", "answer": "{a}"}
    options = {"split": "test", "size": 5, "seed": 0, "items": tmp_path / "items.parquet"}
    process = run("task_build", task={**task, "verifier": "number"}, **options)
    assert process.returncode == 1
    assert process.stderr.splitlines() == [
        f"error: {tmp_path}/own.jsonl:2: no column 'a' for a template of the task; the columns are ['q']"
    ]
    assert not (tmp_path / "items.parquet").exists()
