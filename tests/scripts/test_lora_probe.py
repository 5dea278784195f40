import json

import lora_probe
import pytest
from commands import done
from tiny_cell import ARM, BUDGET, CELL, DECODING

from lib.adaptation.rac import Links
from lib.contracts.lora import COSTS, DIVERGED, FINISHED, MEMORY, OUT_OF_MEMORY, PHASES, TUNING

OWNERS = ("program", "weights", "gradients", "optimizer", "rest")


def probe(cell, path, **changed):
    options = {
        "model": cell.model,
        "arm": ARM,
        "budget": BUDGET,
        "decoding": {**DECODING, "branches": 1},
        "cell": CELL,
        "items": cell.train,
        "memory": path,
        "dtype": "float32",
        "threads": 1,
        **changed,
    }
    options |= {name: json.dumps(value) for name, value in options.items() if isinstance(value, dict)}
    lora_probe.lora_probe(**options)
    return MEMORY.read(path).set_index("phase")


@pytest.fixture(scope="module")
def found(cell, tmp_path_factory):
    path = tmp_path_factory.mktemp("probe") / "memory.parquet"
    options = {"arm": ARM, "budget": BUDGET, "decoding": {**DECODING, "branches": 1}, "cell": CELL}
    done("lora_probe", model=cell.model, items=cell.train, memory=path, dtype="float32", **options)
    return MEMORY.read(path).set_index("phase")


def test_every_phase_is_measured_by_owner(found):
    assert found.index.tolist() == list(PHASES)
    assert set(found["status"]) == {FINISHED} and set(found["device"]) == {"cpu"}
    names = found[["model", "task", "arm", "method", "rank"]].drop_duplicates()
    assert names.values.tolist() == [["tiny", "sums", "lora-r4", "lora", 4]]
    parts = sum(found[f"{owner}_bytes"] for owner in OWNERS)
    assert (parts == found["peak_bytes"]).all()
    assert (found["program_bytes"] > 2**27).all()  # torch itself
    assert found["reserved_bytes"].isna().all()


def test_memory_is_that_of_the_cell(cell, found):
    """What a probe counts is what the training of the same arm counted."""
    cost = COSTS.read(cell.cost).iloc[0]
    train = found.loc["train"]
    assert train["gradients_bytes"] == cost["gradient_bytes"] == train["predicted_gradients_bytes"]
    assert train["optimizer_bytes"] == cost["optimizer_bytes"]
    assert train["predicted_optimizer_bytes"] == 2 * cost["gradient_bytes"]
    load, evaluate = found.loc["load"], found.loc["evaluate"]
    assert load["weights_bytes"] - evaluate["weights_bytes"] == cost["gradient_bytes"]  # merged by then
    assert load["gradients_bytes"] == load["optimizer_bytes"] == evaluate["gradients_bytes"] == 0
    buffers = load["weights_bytes"] - load["predicted_weights_bytes"]
    assert 0 <= buffers < 2**10
    assert 0 < train["predicted_rest_bytes"] < train["rest_bytes"]
    assert train["predicted_peak_bytes"] == train["program_bytes"] + sum(
        train[f"predicted_{owner}_bytes"] for owner in OWNERS[1:]
    )
    assert found["predicted_peak_bytes"].isna().tolist() == [True, False, True]


def test_time_and_operations(cell, found):
    cost, train, evaluate = COSTS.read(cell.cost).iloc[0], found.loc["train"], found.loc["evaluate"]
    assert train["flops_per_token"] == pytest.approx(
        cost["flops"] / (cost["tokens_per_second"] * cost["seconds"])
    )
    assert 0 < train["seconds_per_step"] < train["seconds"]
    assert train["tokens"] > BUDGET["rows"] * 3 and evaluate["tokens"] > 0
    assert (found["seconds"] > 0).all()
    assert evaluate["flops_per_token"] == 2 * evaluate["predicted_weights_bytes"] / 4
    assert found.loc["load", ["tokens", "tokens_per_second", "flops_per_token"]].isna().all()


def test_steps_are_timed_within_a_link(cell, tmp_path, monkeypatch):
    begun, trainings = [], []
    renew, train = Links.renew, lora_probe.train

    def seen(self, link):
        begun.append(link)
        renew(self, link)

    def counted(network, read, arm, budget, *options, **named):
        before = len(begun)
        found = train(network, read, arm, budget, *options, **named)
        trainings.append((budget.steps, len(begun) - before))
        return found

    monkeypatch.setattr(Links, "renew", seen)
    monkeypatch.setattr(lora_probe, "train", counted)
    found = probe(cell, tmp_path / "memory.parquet", arm={**ARM, "method": "rac", "links": 4})
    assert trainings == [(1, 1), (lora_probe.STEPS, 0), (1, 1)]
    assert set(found["status"]) == {FINISHED}


def test_an_arm_whose_tuning_failed_is_not_measured(cell, tmp_path):
    row = {**CELL, "learning_rate": 0.1, "step": 0, "dev_loss": None, "status": OUT_OF_MEMORY}
    row |= {"reason": "no room", "chosen": False, "at_edge": False}
    TUNING.write([row], tmp_path / "tuning.parquet")
    arm = {**ARM, "learning_rate": "tuned"}
    failed = probe(cell, tmp_path / "memory.parquet", arm=arm, tuning=tmp_path / "tuning.parquet")
    assert failed["status"].to_dict() == {"load": OUT_OF_MEMORY}
    assert failed.loc["load", "reason"].endswith(": no room")


@pytest.mark.parametrize(
    ("error", "status"), [(MemoryError("no room"), OUT_OF_MEMORY), (None, DIVERGED), (KeyError("a"), None)]
)
def test_a_phase_that_fails_is_the_last_one(cell, tmp_path, monkeypatch, error, status):
    def fails(*_, **__):
        raise error

    arm = ARM
    if error:
        monkeypatch.setattr(lora_probe, "train", fails)
    else:
        arm = {**ARM, "learning_rate": 1e30, "warmup": 0}
    if status is None:
        with pytest.raises(KeyError):
            probe(cell, tmp_path / "memory.parquet")
        return
    failed = probe(cell, tmp_path / "memory.parquet", arm=arm)
    assert failed["status"].to_dict() == {"load": FINISHED, "train": status}
    assert failed.loc["train", ["peak_bytes", "predicted_peak_bytes", "seconds"]].isna().all()
    assert failed.loc["train", "reason"] and failed["peak_bytes"]["load"] > 0
