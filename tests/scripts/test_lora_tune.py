import json

import lora_train
import lora_tune
import pandas as pd
import pytest
import torch
from tiny_arms import SETTINGS
from tiny_cell import ARM, CELL

from lib import run as running
from lib.adaptation import saved
from lib.cli import UserError
from lib.contracts.lora import COSTS, TUNING
from lib.contracts.task import ITEMS
from lib.models import lm
from lib.packing import pack, row_losses
from lib.table import read_provenance

RATES = [0.002, 0.02, 0.2]


def tune(cell, folder, rates=RATES, halving=True, arm=ARM, steps=8, dev=None, under=None, **changed):
    lora_tune.lora_tune(
        model=cell.model,
        arm=json.dumps({**arm, "learning_rate": "tuned"}),
        budget=json.dumps({"steps": steps, "rows": 4}),
        search=json.dumps({"learning_rates": rates, "halving": halving}),
        cell=json.dumps({**CELL, **changed}),
        dev=dev or cell.test,
        table=folder / "tuning.parquet",
        items=[cell.train],
        under=under,
        dtype="float32",
        checkpoint_every=3,
    )
    return TUNING.read(folder / "tuning.parquet")


@pytest.fixture(scope="module")
def tuned(cell, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    return tune(cell, folder, rates=RATES[::-1]), folder


def test_what_a_tuning_leaves(tuned, cell):
    found, folder = tuned
    assert [path.name for path in folder.iterdir()] == ["tuning.parquet"]
    assert sorted(found.groupby("learning_rate")["step"].max()) == [2, 4, 8]
    assert sorted(found.drop_duplicates("learning_rate")["status"]) == ["finished", "stopped", "stopped"]
    best = found[found["chosen"]]
    assert set(best["status"]) == {"finished"} and best["step"].tolist() == [2, 4, 8]
    assert best["at_edge"].all() == (best["learning_rate"].iloc[0] != RATES[1])
    record = read_provenance(folder / "tuning.parquet")
    assert set(record["inputs"]) == {str(cell.train), str(cell.test)} and record["seed"] == 0


def test_losses_are_those_of_a_training_alone(tuned, cell, tmp_path):
    found, _ = tuned
    alone = tune(cell, tmp_path, rates=[RATES[1]])
    assert alone["step"].tolist() == [8]
    whole = tune(cell, tmp_path, halving=False)
    again = whole.merge(alone, on=["learning_rate", "step"])
    assert again["dev_loss_x"].tolist() == again["dev_loss_y"].tolist() and len(again) == 1
    assert whole["step"].tolist() == [2, 4, 8] * 3
    early = whole.merge(found, on=["learning_rate", "step"])
    assert len(early) == len(found) and early["dev_loss_x"].tolist() == early["dev_loss_y"].tolist()


def test_the_dev_loss_is_the_mean_over_target_tokens(cell, tmp_path):
    # A rate that moves nothing leaves the model as it was: fresh adapters change nothing.
    found = tune(cell, tmp_path, rates=[1e-30], steps=1)
    base, tokenizer = lm.load(cell.model, None, "float32", 1)
    questions = ITEMS.read(cell.test)
    rows = lm.training_rows(tokenizer, questions["prompt"], questions["target"])
    with torch.no_grad():
        total = sum(row_losses(base, [row], pack([row])).item() for row in rows)
    expected = total / sum(len(row.target) for row in rows)
    assert found["dev_loss"].tolist() == [pytest.approx(expected, rel=1e-5)]


@pytest.mark.parametrize("method", ["lora", "rac", "full"])
def test_a_tuning_that_was_killed_goes_on(cell, tmp_path, monkeypatch, method):
    arm = {**{key: ARM[key] for key in ("warmup", "weight_decay", "clip", "block")}, "method": method}
    arm |= SETTINGS[method]
    expected = tune(cell, tmp_path / "whole", arm=arm)
    step, calls = running.learning_rate, []

    def dies(recipe, length, number):
        calls.append(number)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return step(recipe, length, number)

    monkeypatch.setattr(running, "learning_rate", dies)
    with pytest.raises(KeyboardInterrupt):
        tune(cell, tmp_path / "killed", arm=arm)
    found = tune(cell, tmp_path / "killed", arm=arm)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    # Killed in the second round: what was compared is known, each training goes on from its checkpoint.
    assert calls[:9] == [0, 1] * 3 + [2, 3, 2] and 0 not in calls[9:]
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["tuning.parquet"]


def test_a_rate_at_the_edge_and_one_that_diverges_are_noted(cell, tmp_path, capsys):
    arm = {**ARM, "warmup": 0}
    found = tune(cell, tmp_path, rates=[0.02, 1e30], arm=arm)
    said = capsys.readouterr().err
    assert "note: rate 1e+30: lora.arms.lora: at step" in said
    assert "note: 0.02 is at the edge of the rates; a better one may lie beyond" in said
    broken = found[found["learning_rate"] == 1e30]
    assert set(broken["status"]) == {"diverged"} and broken["dev_loss"].isna().iloc[-1]
    assert found.loc[found["chosen"], "at_edge"].all() and not broken["chosen"].any()


def trained(cell, folder, under=None):
    """The row of costs of an arm that trains with what the tuning in a folder chose."""
    lora_train.lora_train(
        model=cell.model,
        arm=json.dumps({**ARM, "learning_rate": "tuned"}),
        budget=json.dumps({"steps": 1, "rows": 2}),
        cell=json.dumps(CELL),
        adapter=folder / "adapter",
        steps=folder / "steps.parquet",
        cost=folder / "cost.parquet",
        items=[cell.train],
        under=under,
        tuning=folder / "tuning.parquet",
        dtype="float32",
    )
    return COSTS.read(folder / "cost.parquet").iloc[0]


def test_a_rate_that_runs_out_of_memory_does_not_stop_the_others(cell, tmp_path, monkeypatch, capsys):
    train = lora_tune.train

    def allocate(network, rows, recipe, *options, **named):
        if recipe.learning_rate == 0.02:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore.")
        return train(network, rows, recipe, *options, **named)

    monkeypatch.setattr(lora_tune, "train", allocate)
    found = tune(cell, tmp_path)
    said = "CUDA out of memory. Tried to allocate 2.00 GiB."
    assert f"note: rate 0.02: {said}" in capsys.readouterr().err
    broken = found[found["learning_rate"] == 0.02]
    assert broken[["status", "reason", "step"]].values.tolist() == [["out-of-memory", said, 2]]
    assert broken["dev_loss"].isna().all() and not broken["chosen"].any()
    best = set(found.loc[found["chosen"], "learning_rate"])
    assert len(best) == 1 and trained(cell, tmp_path)["learning_rate"] in best


@pytest.mark.parametrize("where", ["train", "load"])
def test_where_all_rates_fail_the_training_fails_alike(cell, tmp_path, monkeypatch, capsys, where):
    def allocate(*options, **named):
        raise MemoryError("no room")

    with monkeypatch.context() as tuning:
        tuning.setattr(*{"train": (lora_tune, "train"), "load": (lm, "load")}[where], allocate)
        found = tune(cell, tmp_path)
    assert "warning: all rates failed, the lowest: no room" in capsys.readouterr().err
    assert found["learning_rate"].tolist() == RATES and not found["chosen"].any()
    assert set(found["step"]) == {2 if where == "train" else 0}
    assert [path.name for path in tmp_path.iterdir()] == ["tuning.parquet"]
    cost = trained(cell, tmp_path)
    reason = f"{tmp_path / 'tuning.parquet'} has no learning rate to train with: no room"
    assert cost[["status", "reason"]].tolist() == ["out-of-memory", reason]
    assert pd.isna(cost["learning_rate"])
    assert saved.failure(tmp_path / "adapter") == ("out-of-memory", reason)


def test_a_tuning_on_a_failed_adapter_fails_as_it_did(cell, tmp_path):
    under = tmp_path / "under"
    saved.write_failure(under, "lora", "diverged", "too fast")
    found = tune(cell, tmp_path, under=under)
    assert set(found["status"]) == {"diverged"} and not found[["chosen", "at_edge"]].any(axis=None)
    assert set(found["reason"]) == {f"{under} has no adapter to build on: too fast"}
    # With another seed the adapter below may have succeeded.
    cost = trained(cell, tmp_path, under=cell.adapter)
    assert cost["status"] == "diverged" and cost["reason"].endswith("no adapter to build on: too fast")


def test_a_table_without_rows_is_an_error(cell, tmp_path):
    ITEMS.write([], tmp_path / "empty.parquet")
    with pytest.raises(UserError, match=r"empty\.parquet: no rows"):
        tune(cell, tmp_path, dev=tmp_path / "empty.parquet")
