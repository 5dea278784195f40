import json
import shutil

import lora_train
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny_cell import ARM, BUDGET, CELL

from lib import training
from lib.cli import UserError
from lib.contracts.lora import COSTS, STEPS
from lib.contracts.task import ITEMS
from lib.models import lm
from lib.table import read_provenance

HIDDEN, MIDDLE, HEADS, LAYERS = 32, 48, 2 / 4, 2  # of the tiny model; half as many heads for keys


def train(
    cell, folder, arm=ARM, budget=BUDGET, items=None, start=None, model=None, dtype="float32", **changed
):
    lora_train.lora_train(
        model=model or cell.model,
        arm=json.dumps(arm),
        budget=json.dumps(budget),
        cell=json.dumps({**CELL, **changed}),
        adapter=folder / "adapter",
        steps=folder / "steps.parquet",
        cost=folder / "cost.parquet",
        items=items or [cell.train],
        start=start,
        dtype=dtype,
        threads=1,
        checkpoint_every=2,
    )
    return load_file(folder / "adapter" / "adapter_model.safetensors")


def test_what_a_training_leaves(cell):
    assert sorted(path.name for path in cell.adapter.parent.iterdir()) == [
        "adapter",
        "cost.parquet",
        "steps.parquet",
    ]
    assert sorted(path.name for path in cell.adapter.iterdir()) == [lora_train.SETTINGS, lora_train.WEIGHTS]
    assert "lora_train: worked from" in cell.training.stderr


def test_steps(cell):
    steps = STEPS.read(cell.steps)
    assert steps["step"].tolist() == list(range(1, 41))
    assert steps["loss"].iloc[-1] < 0.5 * steps["loss"].iloc[0]
    record = read_provenance(cell.steps)
    assert (record["dtype"], record["threads"], record["seed"]) == ("torch.float32", 1, 0)


def test_costs(cell):
    cost = COSTS.read(cell.cost).iloc[0]
    assert {name: cost[name] for name in CELL} == CELL
    inputs_and_outputs = LAYERS * (
        2 * (HIDDEN + HIDDEN)  # queries, outputs
        + 2 * (HIDDEN + HIDDEN * HEADS)  # keys, values
        + 3 * (HIDDEN + MIDDLE)
    )
    trained = int(ARM["rank"] * inputs_and_outputs)
    assert cost["trainable_params"] == trained
    assert cost["gradient_bytes"] == 4 * trained
    assert cost["optimizer_bytes"] == 8 * trained + 4 * LAYERS * 7 * 2
    assert cost["adapter_bytes"] == (cell.adapter / lora_train.WEIGHTS).stat().st_size > 4 * trained
    frozen = sum(weight.numel() for weight in load_file(cell.model / "model.safetensors").values())
    tokens = STEPS.read(cell.steps)["tokens"].sum()
    assert cost["flops"] == tokens * (4 * frozen + 6 * trained)
    assert 0 < cost["peak_bytes_load"] <= cost["peak_bytes_train"]


def test_a_run_that_was_killed_goes_on_to_the_same_adapter(cell, tmp_path, monkeypatch):
    budget = {"steps": 5, "rows": 4}
    whole = train(cell, tmp_path / "whole", budget=budget)
    step = training.learning_rate
    calls = []

    def dies(arm, length, number):
        calls.append(number)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return step(arm, length, number)

    monkeypatch.setattr(training, "learning_rate", dies)
    with pytest.raises(KeyboardInterrupt):
        train(cell, tmp_path / "killed", budget=budget)
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["checkpoint.pt"]
    checkpoint = (tmp_path / "killed" / "checkpoint.pt").read_bytes()
    resumed = train(cell, tmp_path / "killed", budget=budget)
    assert calls[4:] == [2, 3, 4]
    assert all(torch.equal(weight, resumed[name]) for name, weight in whole.items())
    assert not (tmp_path / "killed" / "checkpoint.pt").exists()
    columns = ["step", "loss", "learning_rate", "tokens", "target_tokens", "gradient_norm"]
    one, other = (STEPS.read(tmp_path / name / "steps.parquet")[columns] for name in ("whole", "killed"))
    pd.testing.assert_frame_equal(one, other, check_exact=True)

    # What the checkpoint belongs to: another arm, budget, seed, table or model starts anew.
    model = shutil.copytree(cell.model, tmp_path / "model")
    weights = (model / "model.safetensors").read_bytes()
    (model / "model.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    for number, changed in enumerate(
        [
            {"arm": {**ARM, "learning_rate": 0.01}},
            {"budget": {"steps": 5, "rows": 3}},
            {"seed": 1},
            {"items": [cell.test]},
            {"model": model},
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "checkpoint.pt").write_bytes(checkpoint)
        del calls[5:]
        train(cell, folder, **{"budget": budget, **changed})
        assert calls[5:] == [0, 1, 2, 3, 4], changed


def test_a_run_belongs_to_the_type_and_the_device_that_it_came_to(cell, tmp_path, monkeypatch):
    load = lm.load

    class Seen(Exception):
        pass

    def identity(dtype, device):
        def seen(path, identity, every):
            raise Seen(identity)

        def there(*options):
            model, tokenizer = load(*options)
            node.setattr(type(model), "device", torch.device(device))
            return model, tokenizer

        with monkeypatch.context() as node:
            node.setattr(lm, "dtype_of", lambda name: dtype)
            node.setattr(lm, "load", there)
            node.setattr(lora_train, "Checkpoint", seen)
            with pytest.raises(Seen) as found:
                # Fresh weights are drawn in the type of the base model, which would tell; these are given.
                train(cell, tmp_path, start=cell.adapter, dtype="auto")
        return str(found.value)

    nodes = [(torch.float32, "cpu"), (torch.bfloat16, "cpu"), (torch.float32, "cuda")]
    assert len({identity(*node) for node in nodes}) == 3
    assert identity(*nodes[0]) == identity(*nodes[0])


def test_what_killed_runs_left_is_removed(cell, tmp_path):
    for name in (".adapter.1.partial", ".adapter.2.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / lora_train.SETTINGS).touch()
    (tmp_path / ".checkpoint.pt.1.partial").touch()
    train(cell, tmp_path, budget={"steps": 1, "rows": 2})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter", "cost.parquet", "steps.parquet"]


def test_a_run_that_diverges_writes_nothing(cell, tmp_path):
    with pytest.raises(UserError, match=r"lower lora\.arms\.lora\.learning_rate$"):
        train(cell, tmp_path, arm={**ARM, "learning_rate": 1e30, "warmup": 0}, budget={"steps": 2, "rows": 2})
    assert list(tmp_path.iterdir()) == []


def test_going_on_from_an_adapter(cell, tmp_path):
    before = load_file(cell.adapter / "adapter_model.safetensors")
    still = train(
        cell, tmp_path, arm={**ARM, "learning_rate": 0.0}, budget={"steps": 1, "rows": 2}, start=cell.adapter
    )
    assert before.keys() == still.keys()
    assert all(torch.equal(weight, still[name]) for name, weight in before.items())


def test_several_tables_and_none(cell, tmp_path):
    train(cell, tmp_path, budget={"steps": 1, "rows": 52}, items=[cell.train, cell.test])
    sizes = STEPS.read(tmp_path / "steps.parquet")["target_tokens"]
    answers = pd.concat([ITEMS.read(cell.train), ITEMS.read(cell.test)])["target"]
    assert sizes[0] == answers.str.len().sum() + 52  # a token a character here, and the end of text
    ITEMS.write([], tmp_path / "empty.parquet")
    with pytest.raises(UserError, match=r"empty\.parquet: no rows to train on"):
        train(cell, tmp_path / "other", items=[tmp_path / "empty.parquet"])
    assert not (tmp_path / "other").exists()
