import json
from collections import Counter

import pandas as pd
import pretraining_train
import pytest
import torch
from safetensors.torch import load_file
from tiny_lm import byte_tokenizer
from tiny_pretraining import ARM, BUDGET, CELL, LORA, TEXT, characters, code, documents

from lib import run as running
from lib import training
from lib.cli import UserError
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.pretraining import STEPS, TEXTS
from lib.table import read_provenance


def train(
    nano, folder, arm=ARM, budget=BUDGET, text=TEXT, model="few", seed=0, dtype="float32", read=None, **named
):
    pretraining_train.pretraining_train(
        model=nano / model,
        arm=json.dumps(arm),
        text=json.dumps(text),
        budget=json.dumps(budget),
        cell=json.dumps({**CELL, "seed": seed}),
        seed=seed,
        files=folder / "model" / "files.parquet",
        steps=folder / "steps.parquet",
        texts=folder / "texts.parquet",
        documents=read or documents(nano),
        dtype=dtype,
        threads=1,
        checkpoint_every=2,
        **named,
    )
    return load_file(folder / "model" / "model.safetensors")


def read(paths, text, seed):
    return pretraining_train.read(paths, text, seed, "pretraining.arms.scratch")


def test_every_tokenizer_reads_the_same_text_in_the_same_order(nano, tmp_path, monkeypatch):
    read = {}
    whole = training.train

    def watched(network, rows, recipe, length, seed, *options, **named):
        order = running.order(rows, seed, length)
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
    first = read(documents(nano), TEXT, 0)
    assert first == read(documents(nano), TEXT, 0)
    assert first != read(documents(nano), TEXT, 1)
    assert list(first) == [("news", "eng_Latn"), ("news", "fra_Latn")]
    for (_, lang), segments in first.items():
        (path,) = documents(nano, languages=[lang])
        assert 950 <= sum(len(part.encode()) for part in segments) <= 1000
        documents_of = DOCUMENTS.read(path)["text"]
        everything = {**TEXT, "bytes_per_language": {"news": 10**9}}
        (whole,) = read([path], everything, 0).values()
        assert "".join(whole) == "".join(documents_of)


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
    empty = tmp_path / "news" / "train" / "eng_Latn.parquet"
    DOCUMENTS.write([], empty)
    with pytest.raises(UserError, match=r"eng_Latn\.parquet: no documents; take the language out"):
        train(nano, tmp_path / "out", read=[empty])


def mixture(news, python):
    return {**TEXT, "bytes_per_language": {"news": news, "python": python}, "complete": True}


@pytest.mark.parametrize(
    ("amounts", "steps", "share"),
    [((1000, 0), 12, 0), ((750, 500), 12, 0.25), ((1000, 2000), 24, 0.5)],
    ids=["no code", "total", "text"],
)
def test_a_mixture_has_its_share_of_bytes_read_as_often_as_text_alone(nano, tmp_path, amounts, steps, share):
    read_ = [*documents(nano), *([code(nano)] if share else [])]
    train(nano, tmp_path, text=mixture(*amounts), budget={"steps": steps, "bytes": 250}, read=read_)
    texts = TEXTS.read(tmp_path / "texts.parquet").set_index("corpus")
    octets = STEPS.read(tmp_path / "steps.parquet")["bytes"]
    assert octets.between(211, 289).all()  # a step ends within a segment of 40 bytes
    assert octets.sum() == texts["bytes_read"].sum() == pytest.approx(250 * steps, abs=39)
    assert texts["bytes"].get("python", 0) / texts["bytes"].sum() == pytest.approx(share, abs=0.02)
    # 1.5 passes over what was drawn: of both corpora each segment once or twice.
    assert (texts["bytes_read"] / texts["bytes"]).between(1.3, 1.7).all()
    drawn = read(read_, mixture(*amounts), 0)
    for (corpus, lang), part in drawn.items():
        row = texts.reset_index().set_index(["corpus", "lang"]).loc[corpus, lang]
        assert (row["segments"], row["bytes"]) == (len(part), sum(len(one.encode()) for one in part))
        ids = byte_tokenizer()(part, add_special_tokens=False)["input_ids"]
        assert row["tokens"] == sum(map(len, ids)) < row["tokens_read"]


def test_arms_of_other_shares_draw_the_same_text(nano):
    def drawn(*amounts):
        return read([*documents(nano), code(nano)], mixture(*amounts), 0)

    plain, text, total = read(documents(nano), mixture(1000, 0), 0), drawn(1000, 2000), drawn(750, 500)
    for lang in ("eng_Latn", "fra_Latn"):
        assert text["news", lang] == plain["news", lang]
        assert Counter(total["news", lang]) < Counter(plain["news", lang])
    assert Counter(total["python", "zxx_Zyyy"]) < Counter(text["python", "zxx_Zyyy"])


def test_a_corpus_with_too_little_text_for_a_mixture(nano, tmp_path):
    with pytest.raises(
        UserError, match=r"zxx_Zyyy\.parquet: has 3,\d+ bytes, and 9,000 are read of it"
    ) as told:
        train(nano, tmp_path, text=mixture(500, 9000), read=[*documents(nano), code(nano)])
    for remedy in (
        "pretraining.arms.scratch.text.bytes_per_language",
        "scratch.code.shares",
        "corpora.python",
    ):
        assert remedy in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_step_holds_the_longest_segment(nano, tmp_path):
    with pytest.raises(
        UserError, match=r"^pretraining\.arms\.scratch\.training\.bytes: .* of 20 bytes .* raise it"
    ):
        train(nano, tmp_path, budget={"steps": 2, "bytes": 20})


def test_held_out_text_is_not_trained_on(nano):
    assert not any(
        "test" in part
        for one in read([*documents(nano), code(nano)], mixture(10**3, 10**3), 0).values()
        for part in one
    )
    for held_out in (documents(nano, "test")[0], code(nano, "test")):
        with pytest.raises(UserError, match="is not of the split train"):
            read([held_out], mixture(1000, 1000), 0)
