import json

import expressivity_truncate
import pytest

from lib.adaptation import saved
from lib.contracts.expressivity import TRUNCATION
from lib.table import read_provenance

NAMES = {"model": "tiny", "task": "sums", "arm": "full", "seed": 0, "split": "test"}


def truncate(cell, full, path, arms):
    arms = {name: {"rank": rank, "folder": str(folder)} for name, (rank, folder) in arms.items()}
    expressivity_truncate.expressivity_truncate(
        model=cell.model,
        cell=json.dumps(NAMES),
        full=full,
        rank=[32, 0, 4],
        arms=json.dumps(arms),
        items=cell.test,
        most=6,
        truncation=path,
        resamples=50,
    )
    return TRUNCATION.read(path)


def test_truncations_beside_what_was_trained(cell, tuned, tmp_path):
    path = tmp_path / "truncation.parquet"
    table = truncate(cell, tuned, path, {"lora-r4": (4, cell.adapter)})
    ways = [("full", None), ("base", None), ("truncated", 0), ("truncated", 4), ("truncated", 32)]
    found = table[table["metric"] == "nll"]
    ranks = found["rank"].astype(object).where(found["rank"].notna(), None)
    assert list(zip(found["how"], ranks, strict=True)) == [*ways, ("trained", 4), ("gap", 4)]
    assert (table["n_items"] == 6).all() and (table["width"] == 32).all()
    assert (table["ci_low"] <= table["value"]).all() and (table["value"] <= table["ci_high"]).all()
    value = table.set_index(["how", "rank", "metric"])["value"]
    assert value["truncated", 32, "nll"] == pytest.approx(value["full"].loc[:, "nll"].item(), abs=1e-5)
    assert value["full"].loc[:, "kl"].item() == 0 and abs(value["truncated", 32, "kl"]) < 1e-5
    assert value["truncated", 0, "kl"] > value["truncated", 4, "kl"] > 1e-4
    assert value["trained", 4, "nll"] < value["base"].loc[:, "nll"].item()
    for metric in ("nll", "kl"):
        apart = value["trained", 4, metric] - value["truncated", 4, metric]
        assert value["gap", 4, metric] == pytest.approx(apart, abs=1e-12)
    ends = table[table["metric"] == "nll"].set_index(["how", "rank"])[["ci_low", "ci_high"]]
    widths = ends["ci_high"] - ends["ci_low"]
    assert widths["gap", 4] < widths["trained", 4] + widths["truncated", 4]  # what both find hard cancels
    assert read_provenance(path)["seed"] == 0


def test_adapters_that_failed_are_left_out_with_a_word(cell, tuned, tmp_path, capsys):
    saved.write_failure(tmp_path / "failed", "lora", "out_of_memory", "MemoryError")
    arms = {"lora-r4": (4, tmp_path / "failed")}
    table = truncate(cell, tuned, tmp_path / "truncation.parquet", arms)
    assert set(table["how"]) == {"full", "base", "truncated"}  # and no gap
    assert "failed: nothing is measured, out_of_memory: MemoryError" in capsys.readouterr().err


def test_without_a_full_fine_tuning_there_is_nothing(cell, tmp_path, capsys):
    saved.write_failure(tmp_path / "full", "full", "diverged", "at step 3 the loss is nan")
    assert truncate(cell, tmp_path / "full", tmp_path / "truncation.parquet", {}).empty
    assert "diverged" in capsys.readouterr().err
