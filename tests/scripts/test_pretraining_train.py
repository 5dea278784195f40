import json

import pandas as pd
import pretraining_train
import pytest
import torch
from safetensors.torch import load_file
from tiny_lm import byte_tokenizer
from tiny_pretraining import ARM, BUDGET, LORA, TEXT, characters, documents

from lib import run as running
from lib import training
from lib.cli import UserError
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.pretraining import STEPS
from lib.table import read_provenance


def train(
    nano, folder, arm=ARM, budget=BUDGET, text=TEXT, model="few", seed=0, dtype="float32", read=None, **named
):
    pretraining_train.pretraining_train(
        model=nano / model,
        arm=json.dumps(arm),
        text=json.dumps(text),
        budget=json.dumps(budget),
        name="nano/scratch/seed-0",
        seed=seed,
        files=folder / "model" / "files.parquet",
        steps=folder / "steps.parquet",
        documents=read or documents(nano),
        dtype=dtype,
        threads=1,
        checkpoint_every=2,
        **named,
    )
    return load_file(folder / "model" / "model.safetensors")


def test_every_tokenizer_reads_the_same_text_in_the_same_order(nano, tmp_path, monkeypatch):
    read = {}
    whole = training.train

    def watched(network, rows, recipe, length, seed, *options, **named):
        order = running.order(len(rows), seed, length)
        read[model] = [[rows[index].target[:-1] for index in step] for step in order]
        return whole(network, rows, recipe, length, seed, *options, **named)

    monkeypatch.setattr(training, "train", watched)
    for model in ("few", "many"):
        train(nano, tmp_path / model, model=model)
    few, many = (STEPS.read(tmp_path / model / "steps.parquet") for model in ("few", "many"))
    tokenizers = {"few": byte_tokenizer(), "many": characters()}
    texts = {name: [list(map(tokenizers[name].decode, step)) for step in read[name]] for name in read}
    assert texts["few"] == texts["many"]
    assert few["bytes"].tolist() == many["bytes"].tolist()
    assert few["bytes"].tolist() == [sum(len(one.encode()) for one in step) for step in texts["few"]]
    assert (few["target_tokens"] < many["target_tokens"]).all()
    assert all(len(one) <= TEXT["characters"] for step in texts["few"] for one in step)


def test_languages_give_equal_bytes_and_the_seed_draws_them(nano):
    first = pretraining_train.read(documents(nano), TEXT, 0)
    assert first == pretraining_train.read(documents(nano), TEXT, 0)
    assert first != pretraining_train.read(documents(nano), TEXT, 1)
    for lang in ("eng_Latn", "fra_Latn"):
        (path,) = documents(nano, languages=[lang])
        size = sum(len(part.encode()) for part in pretraining_train.read([path], TEXT, 0))
        assert 850 <= size <= 1000
        documents_of = DOCUMENTS.read(path)["text"]
        everything = {**TEXT, "bytes_per_language": 10**9}
        assert "".join(pretraining_train.read([path], everything, 0)) == "".join(documents_of)


@pytest.mark.parametrize("arm", [ARM, LORA], ids=["all", "lora"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_run_that_was_killed_goes_on_to_the_same_model(nano, tmp_path, monkeypatch, arm, dtype):
    whole = train(nano, tmp_path / "whole", arm=arm, dtype=dtype)
    assert {weight.dtype for weight in whole.values()} == {torch.float32}
    rate, calls = running.learning_rate, []

    def dies(recipe, length, number):
        calls.append(number)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return rate(recipe, length, number)

    monkeypatch.setattr(running, "learning_rate", dies)
    with pytest.raises(KeyboardInterrupt):
        train(nano, tmp_path / "killed", arm=arm, dtype=dtype)
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["checkpoint.pt"]
    resumed = train(nano, tmp_path / "killed", arm=arm, dtype=dtype)
    assert calls[4:] == [2, 3, 4]
    assert all(torch.equal(weight, resumed[name]) for name, weight in whole.items())
    assert not (tmp_path / "killed" / "checkpoint.pt").exists()
    one, other = (
        STEPS.read(tmp_path / name / "steps.parquet").drop(columns="seconds") for name in ("whole", "killed")
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_training_learns_and_says_what_it_was(nano, tmp_path):
    before = load_file(nano / "few" / "model.safetensors")
    after = train(nano, tmp_path, budget={"steps": 60, "rows": 8})
    steps = STEPS.read(tmp_path / "steps.parquet")
    assert steps["loss"].iloc[-1] < 0.5 * steps["loss"].iloc[0]
    assert all(not torch.equal(before[name], weight) for name, weight in after.items())
    record = read_provenance(tmp_path / "steps.parquet")
    assert (record["dtype"], record["threads"], record["seed"]) == ("torch.float32", 1, 0)


def test_a_seed_draws_the_weights_of_a_model_from_scratch(nano, tmp_path):
    still = {"arm": {**ARM, "learning_rate": 0.0}, "budget": {"steps": 1, "rows": 4}}
    kept = train(nano, tmp_path / "kept", seed=1, **still)
    start = load_file(nano / "few" / "model.safetensors")
    assert all(torch.equal(weight, start[name]) for name, weight in kept.items())
    drawn = [
        train(nano, tmp_path / f"{n}", seed=seed, redraw=True, **still) for n, seed in enumerate((1, 1, 2))
    ]
    assert all(torch.equal(weight, drawn[1][name]) for name, weight in drawn[0].items())
    name = "model.layers.0.mlp.up_proj.weight"
    assert not torch.equal(drawn[0][name], drawn[2][name]) and not torch.equal(drawn[0][name], start[name])
    assert torch.isclose(drawn[0][name].std(), start[name].std(), rtol=0.2)


def test_a_run_that_diverges_names_its_setting(nano, tmp_path):
    broken = {**ARM, "learning_rate": 1e30, "warmup": 0}
    with pytest.raises(UserError, match=r"lower pretraining\.arms\.scratch\.learning_rate$"):
        train(nano, tmp_path, arm=broken)
    assert list(tmp_path.iterdir()) == []


def test_a_language_without_documents(nano, tmp_path):
    DOCUMENTS.write([], tmp_path / "eng_Latn.parquet")
    with pytest.raises(UserError, match=r"eng_Latn\.parquet: no documents; take the language out"):
        train(nano, tmp_path / "out", read=[tmp_path / "eng_Latn.parquet"])
