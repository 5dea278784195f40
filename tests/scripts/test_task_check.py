import shutil

import pandas as pd
import task_build
from commands import done, run

from lib.contracts.task import ITEMS, SPLITS
from lib.table import read_provenance

TASK = '{"kind": "last_letters", "words": 2, "worked_share": 0.5}'


def build(folder, *splits):
    paths = [folder / f"{split}.parquet" for split in splits]
    for path in paths:
        task_build.task_build(TASK, path.stem, 20, 0, path)
    return paths


def test_counts_of_each_split(tmp_path):
    paths = [path for task in ("one", "two") for path in build(tmp_path / task, "train", "pool-1", "pool-2")]
    table = tmp_path / "splits.parquet"
    done("task_check", *paths, table=table)
    found = SPLITS.read(table).set_index(["task", "split"])
    assert set(found.index) == {
        (task, split) for task in ("one", "two") for split in ("train", "pool-1", "pool-2")
    }
    assert set(found["n_items"]) == {20} and set(found["n_templates"]) == {1}
    worked = (ITEMS.read(paths[0])["style"] == "worked").sum()
    assert found.loc[("one", "train"), "n_worked"] == worked > 0
    assert sorted(read_provenance(table)["inputs"]) == sorted(map(str, paths))


def test_a_question_in_two_splits_stops_the_run(tmp_path):
    paths = build(tmp_path / "names", "train", "test", "pool-1")
    leaked = pd.concat([ITEMS.read(paths[2]), ITEMS.read(paths[1]).head(1)])
    ITEMS.write(leaked.to_dict("records"), paths[2])
    process = run("task_check", *paths, table=tmp_path / "splits.parquet")
    assert process.returncode == 1
    (line,) = process.stderr.splitlines()
    assert line.startswith(
        f"error: {tmp_path}/names: pool-1.parquet and test.parquet share 1 questions, like 'Q: "
    )
    assert "remove both files" in line
    assert not (tmp_path / "splits.parquet").exists()


def test_tasks_are_apart(tmp_path):
    (path,) = build(tmp_path / "one", "train")
    (tmp_path / "two").mkdir()
    other = shutil.copy(path, tmp_path / "two" / "test.parquet")
    done("task_check", path, other, table=tmp_path / "splits.parquet")


def test_nothing_to_check(tmp_path):
    done("task_check", table=tmp_path / "splits.parquet")
    assert SPLITS.read(tmp_path / "splits.parquet").empty
