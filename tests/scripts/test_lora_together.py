"""Cells that one process trains: what waits on the shelf, and what their own jobs make of it."""

import fcntl
import json
import threading

import lora_train
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny_cell import ARM, CELL
from tiny_lm import SMALL, byte_tokenizer, random_model

from lib import run as running
from lib import training
from lib.contracts.lora import COSTS, STEPS, TUNING
from lib.models import lm
from lib.table import read_provenance

BUDGET = {"steps": 5, "rows": 4}
ARMS = {
    "lora-r4": ARM,
    "lora-r2": {**ARM, "rank": 2},
    "rslora-r3": {**ARM, "method": "rslora", "rank": 3, "learning_rate": 0.01},
    "dora-r4": {**ARM, "method": "dora"},
}


PEAKS = ["peak_bytes_load", "peak_bytes_train"]


class Grid:
    """A grid of cells of one model and task, as the rules run it."""

    def __init__(self, cell, root, pack=2, arms=ARMS, tuning=None):
        self.cell, self.arms, self.tuning = cell, arms, tuning or {}
        self.folder, self.plan = root / "lora" / "tiny" / "sums", root / "plan.json"
        cells = [
            {"cell": self.names(name), "arm": arm, "tuning": self.tuning.get(name)}
            for name, arm in arms.items()
        ]
        root.mkdir(exist_ok=True)
        elsewhere = [{**cells[1], "cell": {**cells[1]["cell"], "task": "other"}}]
        self.plan.write_text(json.dumps({"pack": pack, "cells": [*elsewhere, *cells]}))

    def names(self, arm):
        return {**CELL, "arm": arm}

    def of(self, arm):
        return self.folder / arm / "seed-0"

    def train(self, arm, **changed):
        folder = self.of(arm)
        options = {
            "model": self.cell.model,
            "arm": json.dumps(self.arms[arm]),
            "budget": json.dumps(BUDGET),
            "cell": json.dumps(self.names(arm)),
            "adapter": folder / "adapter",
            "steps": folder / "steps.parquet",
            "cost": folder / "cost.parquet",
            "items": [self.cell.train],
            "tuning": self.tuning.get(arm),
            "plan": self.plan,
            "dtype": "float32",
            "checkpoint_every": 2,
        }
        lora_train.lora_train(**{**options, **changed})
        return load_file(folder / "adapter" / "adapter_model.safetensors")

    def shelf(self):
        return sorted(
            path.relative_to(self.folder / ".together").as_posix()
            for path in (self.folder / ".together").rglob("*")
            if path.is_file() and path.name != "lock"
        )


@pytest.fixture
def faster(monkeypatch):
    """Steps of several arms at once are twice as fast, says the start-up test."""
    monkeypatch.setattr(lora_train, "gain", lambda network, runs: 2.0)


def no_model(*_):
    raise AssertionError("a model was loaded")


def test_a_cell_that_was_trained_along_is_published_without_a_model(cell, tmp_path, monkeypatch, faster):
    grid = Grid(cell, tmp_path)
    grid.train("lora-r4")
    waits = ["adapter/adapter_config.json", "adapter/adapter_model.safetensors"]
    waits = [f"lora-r2/seed-0/{name}" for name in (*waits, "cost.parquet", "steps.parquet")]
    assert grid.shelf() == waits
    assert not grid.of("lora-r2").exists()
    waiting = load_file(grid.folder / ".together" / waits[1])
    with monkeypatch.context() as own_job:
        own_job.setattr(lm, "load", no_model)
        published = grid.train("lora-r2")
    assert all(torch.equal(weight, published[name]) for name, weight in waiting.items())
    assert grid.shelf() == []
    costs = COSTS.read(*(grid.of(arm) / "cost.parquet" for arm in ("lora-r4", "lora-r2")))
    assert costs["packed"].tolist() == [2, 2] and costs["rank"].tolist() == [4, 2]
    measured = [*PEAKS, "seconds", "cpu_seconds", "tokens_per_second"]
    assert costs[measured].isna().all(axis=None)
    assert costs[["trainable_params", "flops", "optimizer_bytes"]].notna().all(axis=None)
    # Others have no part in it: the next of the plan is not trained, nor is one that cannot share.
    assert sorted(path.name for path in grid.folder.iterdir()) == [".together", "lora-r2", "lora-r4"]


def test_results_are_those_of_each_alone_but_for_rounding(cell, tmp_path, faster):
    packed, solo = Grid(cell, tmp_path / "packed", pack=3), Grid(cell, tmp_path / "solo", pack=3)
    for arm in ("lora-r4", "lora-r2", "rslora-r3"):
        one, other = packed.train(arm), solo.train(arm, plan=None)
        assert one.keys() == other.keys()
        assert all(torch.allclose(weight, other[name], atol=1e-4) for name, weight in one.items())
        steps = [STEPS.read(grid.of(arm) / "steps.parquet") for grid in (packed, solo)]
        pd.testing.assert_frame_equal(*(table.drop(columns="seconds") for table in steps), rtol=1e-4)
        assert json.loads((packed.of(arm) / "adapter" / "adapter_config.json").read_text()) == json.loads(
            (solo.of(arm) / "adapter" / "adapter_config.json").read_text()
        )
        costs = [COSTS.read(grid.of(arm) / "cost.parquet").iloc[0] for grid in (packed, solo)]
        same = ["initial_sha256", "trainable_params", "gradient_bytes", "optimizer_bytes", "flops"]
        assert costs[0][same].tolist() == costs[1][same].tolist()
        assert (costs[0]["packed"], costs[1]["packed"]) == (3, 1)


def test_the_start_up_test_decides(cell, tmp_path, monkeypatch, capsys):
    grid = Grid(cell, tmp_path)
    monkeypatch.setattr(lora_train, "gain", lambda network, runs: 1.09)
    alone = grid.train("lora-r4")
    assert "2 arms at once are 1.09 times faster" in capsys.readouterr().err
    assert grid.shelf() == []
    cost = COSTS.read(grid.of("lora-r4") / "cost.parquet").iloc[0]
    assert cost["packed"] == 1 and cost["seconds"] > 0 and cost["cpu_seconds"] > 0
    assert cost[PEAKS].isna().all()  # they would hold the test
    expected = Grid(cell, tmp_path / "other").train("lora-r4", plan=None)
    assert all(torch.equal(weight, alone[name]) for name, weight in expected.items())


@pytest.mark.parametrize("after", [0, 3])
def test_a_cell_whose_group_runs_out_of_memory_trains_alone(
    cell, tmp_path, monkeypatch, capsys, faster, after
):
    """In the first step, and after a checkpoint."""
    expected = Grid(cell, tmp_path / "alone").train("lora-r4", plan=None)
    backward, steps = training.backward, []

    def allocate(causal, size, spans, runs, *options):
        steps.append(len(runs))
        if len(runs) > 1 and len(steps) > after:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore.")
        return backward(causal, size, spans, runs, *options)

    monkeypatch.setattr(training, "backward", allocate)
    grid = Grid(cell, tmp_path / "together")
    found = grid.train("lora-r4")
    assert steps == [2] * (after + 1) + [1] * BUDGET["steps"]
    said = "2 arms at once: CUDA out of memory. Tried to allocate 2.00 GiB.; lower lora.pack"
    assert f"note: {said}; this one trains alone" in capsys.readouterr().err
    assert all(torch.equal(weight, found[name]) for name, weight in expected.items())
    cost = COSTS.read(grid.of("lora-r4") / "cost.parquet").iloc[0]
    assert (cost["status"], cost["packed"]) == ("finished", 1) and cost["seconds"] > 0
    assert cost[PEAKS].isna().all()
    assert grid.shelf() == [] and not grid.of("lora-r2").exists()


def test_a_cell_without_enough_memory_even_alone_is_recorded(cell, tmp_path, monkeypatch, faster):
    def allocate(*options):
        raise MemoryError

    monkeypatch.setattr(training, "backward", allocate)
    grid = Grid(cell, tmp_path)
    assert grid.train("lora-r4") == {}
    cost = COSTS.read(grid.of("lora-r4") / "cost.parquet").iloc[0]
    assert cost[["status", "reason", "packed"]].tolist() == ["out-of-memory", "MemoryError", 1]


def test_arms_whose_layers_cannot_be_shared_train_alone(cell, tmp_path, capsys, faster):
    model = tmp_path / "gpt2"  # its layers are no linear ones of torch
    random_model("gpt2", **SMALL).save_pretrained(model)
    byte_tokenizer().save_pretrained(model)
    for arm in ("lora-r4", "lora-r2"):
        found = Grid(cell, tmp_path / "together").train(arm, model=model)
        expected = Grid(cell, tmp_path / "alone").train(arm, model=model, plan=None)
        assert all(torch.equal(weight, found[name]) for name, weight in expected.items())
    assert "arms cannot share the layers of this model; this one trains alone" in capsys.readouterr().err
    assert Grid(cell, tmp_path / "together").shelf() == []


def test_a_cell_that_changed_meanwhile_is_trained_anew(cell, tmp_path, faster):
    grid = Grid(cell, tmp_path)
    grid.train("lora-r4")
    grid.train("lora-r2", budget=json.dumps({"steps": 4, "rows": 4}))
    assert len(STEPS.read(grid.of("lora-r2") / "steps.parquet")) == 4


def test_finished_cells_are_not_trained_along(cell, tmp_path, faster):
    grid = Grid(cell, tmp_path, pack=3)
    grid.train("lora-r2", plan=None)
    before = (grid.of("lora-r2") / "cost.parquet").read_bytes()
    grid.train("lora-r4")
    assert {path.split("/")[0] for path in grid.shelf()} == {"rslora-r3"}
    assert (grid.of("lora-r2") / "cost.parquet").read_bytes() == before


def test_a_sibling_that_starts_meanwhile_waits_and_then_publishes(cell, tmp_path, monkeypatch, faster):
    grid = Grid(cell, tmp_path)
    grid.train("lora-r4")
    monkeypatch.setattr(lm, "load", no_model)
    with open(grid.folder / ".together" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sibling = threading.Thread(target=grid.train, args=["lora-r2"])
        sibling.start()
        sibling.join(0.5)
        assert sibling.is_alive() and not grid.of("lora-r2").exists()
    sibling.join()
    assert (grid.of("lora-r2") / "cost.parquet").is_file()


def test_a_group_that_was_killed_goes_on_whichever_job_comes_first(cell, tmp_path, monkeypatch):
    measured = []

    def gain(network, runs):
        measured.append(len(runs))
        return 2.0

    monkeypatch.setattr(lora_train, "gain", gain)
    whole = Grid(cell, tmp_path / "whole")
    expected = {arm: whole.train(arm) for arm in ("lora-r4", "lora-r2")}
    step, calls = running.learning_rate, []

    def dies(arm, length, number):
        calls.append(number)
        if len(calls) == 7:  # in the fourth step of two arms
            raise KeyboardInterrupt
        return step(arm, length, number)

    monkeypatch.setattr(running, "learning_rate", dies)
    grid = Grid(cell, tmp_path / "killed")
    with pytest.raises(KeyboardInterrupt):
        grid.train("lora-r4")
    assert grid.shelf() == ["checkpoint.pt"]
    found = {arm: grid.train(arm) for arm in ("lora-r2", "lora-r4")}
    assert calls[7:] == [2, 2, 3, 3, 4, 4] and measured == [2, 2]
    for arm, weights in expected.items():
        assert all(torch.equal(weight, found[arm][name]) for name, weight in weights.items())
    assert grid.shelf() == []


def test_an_arm_that_diverges_is_recorded_by_its_own_job(cell, tmp_path, faster):
    arms = {**ARMS, "lora-r2": {**ARMS["lora-r2"], "learning_rate": 1e30, "warmup": 0}}
    grid = Grid(cell, tmp_path, arms=arms)
    grid.train("lora-r4")
    assert grid.train("lora-r2") == {}
    statuses = COSTS.read(*(grid.of(arm) / "cost.parquet" for arm in ("lora-r4", "lora-r2")))["status"]
    assert statuses.tolist() == ["finished", "diverged"]


def test_a_tuned_arm_is_trained_along_once_its_rate_is_known(cell, tmp_path, faster):
    row = {**CELL, "arm": "lora-r2", "step": 1, "dev_loss": 1.0, "status": "finished", "at_edge": False}
    row["reason"] = None
    table = tmp_path / "tuning.parquet"
    arms = {**ARMS, "lora-r2": {**ARMS["lora-r2"], "learning_rate": "tuned"}}
    grid = Grid(cell, tmp_path, arms=arms, tuning={"lora-r2": str(table)})
    grid.train("lora-r4")
    assert {path.split("/")[0] for path in grid.shelf()} == {"rslora-r3"}
    TUNING.write([{**row, "learning_rate": rate, "chosen": rate == 0.01} for rate in (0.01, 0.1)], table)
    grid = Grid(cell, tmp_path / "later", arms=arms, tuning={"lora-r2": str(table)})
    grid.train("lora-r4")
    grid.tuning = {"lora-r2": table}
    grid.train("lora-r2")
    cost = COSTS.read(grid.of("lora-r2") / "cost.parquet").iloc[0]
    assert (cost["learning_rate"], cost["packed"]) == (0.01, 2)


def test_an_arm_whose_tuning_failed_is_not_trained_along(cell, tmp_path, faster):
    row = {**CELL, "arm": "lora-r2", "step": 0, "dev_loss": None, "status": "diverged", "reason": "too fast"}
    table = tmp_path / "tuning.parquet"
    TUNING.write([{**row, "learning_rate": 0.1, "chosen": False, "at_edge": False}], table)
    arms = {**ARMS, "lora-r2": {**ARMS["lora-r2"], "learning_rate": "tuned"}}
    grid = Grid(cell, tmp_path, arms=arms, tuning={"lora-r2": str(table)})
    grid.train("lora-r4")
    assert {path.split("/")[0] for path in grid.shelf()} == {"rslora-r3"}
    grid.tuning = {"lora-r2": table}
    assert grid.train("lora-r2") == {}
    cost = COSTS.read(grid.of("lora-r2") / "cost.parquet").iloc[0]
    assert (cost["status"], cost["packed"]) == ("diverged", 1) and cost["reason"].endswith(": too fast")


@pytest.mark.parametrize(("arm", "waits"), [("lora-r4", True), ("dora-r4", False)])
def test_only_a_job_that_trains_others_along_makes_them_wait(cell, tmp_path, monkeypatch, faster, arm, waits):
    grid, locked, train_together = Grid(cell, tmp_path), [], lora_train.train_together

    def seen(*options):
        with open(grid.folder / ".together" / "lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                locked.append(True)
            else:
                locked.append(False)
        return train_together(*options)

    monkeypatch.setattr(lora_train, "train_together", seen)
    grid.train(arm)
    assert locked == [waits]


def test_an_arm_that_cannot_share_trains_alone(cell, tmp_path):
    grid = Grid(cell, tmp_path, pack=4)
    grid.train("dora-r4")
    assert grid.shelf() == []
    assert COSTS.read(grid.of("dora-r4") / "cost.parquet")["packed"].tolist() == [1]
    assert read_provenance(grid.of("dora-r4") / "cost.parquet")["identity"]
