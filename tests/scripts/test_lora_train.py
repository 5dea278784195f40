import json
import re
import shutil

import lora_train
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny_cell import ARM, BUDGET, CELL
from tiny_lm import byte_tokenizer

from lib import run as running
from lib import training
from lib.adaptation import saved
from lib.cli import UserError
from lib.contracts.lora import COSTS, STEPS
from lib.contracts.task import ITEMS
from lib.models import lm
from lib.table import read_provenance

HIDDEN, MIDDLE, HEADS, LAYERS = 32, 48, 2 / 4, 2  # of the tiny model; half as many heads for keys


def train(
    cell,
    folder,
    arm=ARM,
    budget=BUDGET,
    items=None,
    start=None,
    under=None,
    model=None,
    dtype="float32",
    chat=False,
    **changed,
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
        under=under,
        chat=chat,
        dtype=dtype,
        threads=1,
        checkpoint_every=2,
    )
    return load_file(folder / "adapter" / "adapter_model.safetensors")


def test_prompts_go_into_the_chat_template_where_asked(cell, tmp_path, monkeypatch):
    model = shutil.copytree(cell.model, tmp_path / "model")
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %} it "
    tokenizer.save_pretrained(model)
    read, rows = [], lm.training_rows
    monkeypatch.setattr(lm, "training_rows", lambda *given: read.extend(rows(*given)) or read)
    train(cell, tmp_path, model=model, budget={"steps": 1, "rows": 1}, chat=True)
    expected = lm.prompt_ids(tokenizer, ITEMS.read(cell.train)["prompt"], chat=True)
    assert [row.prompt for row in read] == expected


def test_what_a_training_leaves(cell):
    assert sorted(path.name for path in cell.adapter.parent.iterdir()) == [
        "adapter",
        "cost.parquet",
        "steps.parquet",
    ]
    assert sorted(path.name for path in cell.adapter.iterdir()) == [saved.SETTINGS, saved.WEIGHTS]
    assert "lora_train: worked from" in cell.training.stderr


def test_steps(cell):
    steps = STEPS.read(cell.steps)
    assert steps["step"].tolist() == list(range(1, 41))
    assert steps["loss"].iloc[-1] < 0.5 * steps["loss"].iloc[0]
    record = read_provenance(cell.steps)
    assert (record["dtype"], record["threads"], record["seed"]) == ("torch.float32", 1, 0)


def test_steps_of_target_tokens(cell, tmp_path):
    train(cell, tmp_path, budget={"steps": 5, "rows": 8, "target_tokens": 20})
    read = STEPS.read(tmp_path / "steps.parquet")["target_tokens"]
    longest = STEPS.read(cell.steps)["target_tokens"].max()  # of eight rows, more than one can have
    assert 5 * 20 <= read.sum() < 5 * 20 + longest and read.max() < longest


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
    assert cost["adapter_bytes"] == (cell.adapter / saved.WEIGHTS).stat().st_size > 4 * trained
    frozen = sum(weight.numel() for weight in load_file(cell.model / "model.safetensors").values())
    tokens = STEPS.read(cell.steps)["tokens"].sum()
    assert cost["flops"] == tokens * (4 * frozen + 6 * trained)
    assert 0 < cost["peak_bytes_load"] <= cost["peak_bytes_train"]


def test_a_run_that_was_killed_goes_on_to_the_same_adapter(cell, tmp_path, monkeypatch):
    budget = {"steps": 5, "rows": 4}
    whole = train(cell, tmp_path / "whole", budget=budget)
    step = running.learning_rate
    calls = []

    def dies(arm, length, number):
        calls.append(number)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return step(arm, length, number)

    monkeypatch.setattr(running, "learning_rate", dies)
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
    class Seen(Exception):
        pass

    def identity(dtype, device):
        def seen(path, identity, every):
            raise Seen(identity)

        with monkeypatch.context() as node:
            node.setattr(lm, "dtype_of", lambda name: dtype)
            node.setattr(lm, "device", lambda: device)
            node.setattr(lora_train, "Checkpoint", seen)
            with pytest.raises(Seen) as found:
                train(cell, tmp_path, dtype="auto")
        return str(found.value)

    nodes = [(torch.float32, "cpu"), (torch.bfloat16, "cpu"), (torch.float32, "cuda")]
    assert len({identity(*node) for node in nodes}) == 3
    assert identity(*nodes[0]) == identity(*nodes[0])


def test_what_killed_runs_left_is_removed(cell, tmp_path):
    for name in (".adapter.1.partial", ".adapter.2.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / saved.SETTINGS).touch()
    (tmp_path / ".checkpoint.pt.1.partial").touch()
    train(cell, tmp_path, budget={"steps": 1, "rows": 2})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter", "cost.parquet", "steps.parquet"]


def failed(folder, status):
    """The row of a training that failed; it has left no adapter, and nothing to go on from."""
    assert sorted(path.name for path in folder.iterdir()) == ["adapter", "cost.parquet", "steps.parquet"]
    (cost,) = COSTS.read(folder / "cost.parquet").to_dict("records")
    assert saved.failure(folder / "adapter") == (status, cost["reason"])
    assert cost["status"] == status
    assert pd.isna(cost["peak_bytes_train"]) and pd.isna(cost["flops"]) and pd.isna(cost["seconds"])
    return cost


DIVERGING = {**ARM, "learning_rate": 1e30, "warmup": 0}


def test_a_run_that_diverges_is_recorded(cell, tmp_path, capsys):
    assert train(cell, tmp_path, arm=DIVERGING, budget={"steps": 9, "rows": 2}) == {}
    cost = failed(tmp_path, "diverged")
    assert re.search(
        r"^lora\.arms\.lora: at step \d .*lower lora\.arms\.lora\.learning_rate$", cost["reason"]
    )
    assert (cost["method"], cost["rank"], cost["scaling"]) == ("lora", 4, 2.0)
    steps = STEPS.read(tmp_path / "steps.parquet")
    assert f"at step {len(steps) + 1} " in cost["reason"]
    assert f"warning: diverged: {cost['reason']}" in capsys.readouterr().err


def test_what_builds_on_a_failed_training_fails_as_it_did(cell, tmp_path):
    train(cell, tmp_path / "first", arm=DIVERGING, budget={"steps": 9, "rows": 2})
    ITEMS.write([], tmp_path / "empty.parquet")  # what is selected of nothing
    start = tmp_path / "first" / "adapter"
    train(cell, tmp_path / "second", start=start, items=[tmp_path / "empty.parquet"])
    assert (
        "first/adapter has no adapter to build on: lora.arms"
        in failed(tmp_path / "second", "diverged")["reason"]
    )


@pytest.mark.parametrize("error", ["cuda", "cpu", "python"])
def test_a_run_without_enough_memory_is_recorded(cell, tmp_path, monkeypatch, error):
    def allocate(*options):
        match error:
            case "cuda":
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore.")
            case "cpu":
                torch.empty(2**50)
            case "python":
                raise MemoryError

    monkeypatch.setattr(training, "row_losses", allocate)
    train(cell, tmp_path)
    reason = failed(tmp_path, "out-of-memory")["reason"]
    expected = {
        "cuda": "Tried to allocate 2.00 GiB.",
        "cpu": "can't allocate memory",
        "python": "MemoryError",
    }
    assert expected[error] in reason and "\n" not in reason


def test_other_errors_are_no_outcome(cell, tmp_path, monkeypatch):
    def broken(*options):
        raise RuntimeError("a defect")

    monkeypatch.setattr(training, "row_losses", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        train(cell, tmp_path)
    assert list(tmp_path.iterdir()) == []


TRAINING = {key: ARM[key] for key in ("learning_rate", "warmup", "weight_decay", "clip")}
FEW = {"steps": 2, "rows": 4}


def test_a_rank_that_is_found_is_recorded(cell, tmp_path):
    match = {key: ARM[key] for key in ("method", "rank", "targets")}
    arm = {**TRAINING, "method": "bottleneck", "block": "narrow", "match": match}
    weights = train(cell, tmp_path, arm=arm, budget=FEW)
    (cost,) = COSTS.read(tmp_path / "cost.parquet").to_dict("records")
    # LoRA has 2 layers x 4 x 464; a width has 2 x (65 w + 32).
    assert (cost["method"], cost["rank"], cost["trainable_params"]) == ("bottleneck", 28, 3704)
    assert pd.isna(cost["scaling"]) and pd.isna(cost["reason"])
    assert sum(weight.numel() for weight in weights.values()) == 3704


def test_an_adapter_on_another_one(cell, tmp_path):
    arm = {**TRAINING, "method": "bottleneck", "block": "narrow"}
    below = train(cell, tmp_path / "language", arm={**arm, "rank": 4}, budget=FEW)
    under = tmp_path / "language" / "adapter"
    # As many parameters as queries of rank 4 have on the bare model: 2 x 4 x 64, for 2 x (65 w + 32).
    match = {"method": "lora", "rank": 4, "targets": ["q_proj"]}
    both = train(cell, tmp_path / "task", arm={**arm, "match": match}, budget=FEW, under=under)
    assert len(both) == 2 * len(below)
    assert all(torch.equal(weight, both[name]) for name, weight in below.items())
    cost = COSTS.read(tmp_path / "task" / "cost.parquet").iloc[0]
    assert (cost["rank"], cost["trainable_params"]) == (3, 2 * (65 * 3 + 32))


def test_all_weights_are_trained_and_saved(cell, tmp_path):
    arm = {**TRAINING, "method": "full", "block": "full", "learning_rate": 1e-3}
    weights = train(cell, tmp_path, arm=arm, budget=FEW, dtype="bfloat16")
    base = load_file(cell.model / "model.safetensors")
    assert weights.keys() == base.keys()
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    assert any(not torch.equal(weight, base[name]) for name, weight in weights.items())
    cost = COSTS.read(tmp_path / "cost.parquet").iloc[0]
    size = sum(weight.numel() for weight in base.values())
    assert (cost["trainable_params"], cost["gradient_bytes"]) == (size, 4 * size)
    assert cost["optimizer_bytes"] == 8 * size + 4 * len(weights)
    assert 4 * size < cost["adapter_bytes"] < 4 * size + 10_000
    assert cost["flops"] == STEPS.read(tmp_path / "steps.parquet")["tokens"].sum() * 6 * size
    assert pd.isna(cost["rank"])
    read, _ = lm.load(cell.model, tmp_path / "adapter", "float32", 1)
    assert all(torch.equal(weight, weights[name]) for name, weight in read.named_parameters())


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
