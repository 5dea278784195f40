import json
import shutil

import evaluation_answer
import evaluation_predict
import pytest
from tiny_cell import CELL, DECODING
from tiny_lm import byte_tokenizer

from lib.adaptation import saved
from lib.contracts.answers import ANSWERS
from lib.contracts.branches import BRANCHES
from lib.contracts.task import ITEMS
from lib.decoding import branching
from lib.decoding.branching import Decoding, decode
from lib.models.lm import load, training_rows
from lib.table import read_provenance


def test_all_branches_of_all_items(cell):
    branches, items = BRANCHES.read(cell.branches), ITEMS.read(cell.test)
    expected = [(name, rank) for name in sorted(items["item_id"]) for rank in range(3)]
    assert list(zip(branches["item_id"], branches["branch"], strict=True)) == expected
    for name, value in {**CELL, "split": "test"}.items():
        assert set(branches[name]) == {value}
    record = read_provenance(cell.branches)
    assert (record["decoding"], record["dtype"], record["threads"]) == (DECODING, "torch.float32", 1)


def test_branches_are_those_of_the_adapted_model(cell):
    model, tokenizer = load(cell.model, cell.adapter, "float32", 1)
    items = ITEMS.read(cell.test).set_index("item_id")
    how = Decoding(3, 6, ("\nQ:",), 3)
    written = BRANCHES.read(cell.branches)
    for name, rows in list(written.groupby("item_id"))[:3]:
        prompt = tokenizer.encode(items["prompt"][name], add_special_tokens=False)
        for row, branch in zip(rows.itertuples(), next(decode(model, tokenizer, [prompt], how)), strict=True):
            assert row.token_ids.tolist() == branch.token_ids
            assert row.token_margins == pytest.approx(branch.token_margins, abs=1e-5)
            assert (row.completion, row.stop_reason) == (branch.completion, branch.stop_reason)


def test_prompts_are_read_as_in_training(cell, tmp_path, monkeypatch):
    model = shutil.copytree(cell.model, tmp_path / "model")
    byte_tokenizer(bos=True).save_pretrained(model)
    read = []

    def nothing(network, tokenizer, prompts, decoding):
        read.extend(prompts)
        return []

    monkeypatch.setattr(branching, "decode", nothing)
    evaluation_predict.evaluation_predict(
        model=model,
        decoding=json.dumps(DECODING),
        cell=json.dumps({**CELL, "split": "test"}),
        items=cell.test,
        branches=tmp_path / "branches.parquet",
        dtype="float32",
    )
    items = ITEMS.read(cell.test)
    rows = training_rows(byte_tokenizer(bos=True), items["prompt"], items["target"])
    assert read == [row.prompt for row in rows]
    assert {ids[0] for ids in read} == {0}  # <s>


def test_nothing_is_decoded_where_the_training_failed(cell, tmp_path, capsys):
    saved.write_failure(tmp_path / "adapter", "lora", "out-of-memory", "tried to allocate 9 EiB")
    path = tmp_path / "branches.parquet"
    evaluation_predict.evaluation_predict(
        model=cell.model,
        decoding=json.dumps(DECODING),
        cell=json.dumps({**CELL, "split": "test"}),
        items=cell.test,
        branches=path,
        adapter=tmp_path / "adapter",
    )
    assert BRANCHES.read(path).empty
    assert "nothing is decoded, out-of-memory: tried to allocate 9 EiB" in capsys.readouterr().err
    # What reads it has nothing to say either.
    answers = tmp_path / "answers.parquet"
    evaluation_answer.evaluation_answer(path, cell.test, cell.model / "tokenizer.json", answers)
    assert ANSWERS.read(answers).empty


def test_the_adapter_is_used(cell, tmp_path):
    path = tmp_path / "base.parquet"
    evaluation_predict.evaluation_predict(
        model=cell.model,
        decoding=json.dumps({**DECODING, "branches": 1}),
        cell=json.dumps({**CELL, "arm": "base", "split": "test"}),
        items=cell.test,
        branches=path,
        dtype="float32",
    )
    base, adapted = BRANCHES.read(path), BRANCHES.read(cell.branches)
    assert base["branch"].tolist() == [0] * 12
    tokenizer = byte_tokenizer()
    assert "</s>" in {tokenizer.decode(ids[-1:]) for ids in adapted["token_ids"]}  # it learned to end
    greedy = adapted[adapted["branch"] == 0]["completion"].tolist()
    assert base["completion"].tolist() != greedy
