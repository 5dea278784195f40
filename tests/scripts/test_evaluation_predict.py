import json
import shutil
from itertools import chain
from types import SimpleNamespace

import evaluation_answer
import evaluation_predict
import pyarrow.parquet as pq
import pytest
from equal import table_differences
from tiny_cell import CELL, DECODING
from tiny_lm import byte_tokenizer

from lib.adaptation import saved
from lib.contracts.answers import ANSWERS
from lib.contracts.branches import BRANCHES
from lib.contracts.task import ITEMS
from lib.decoding.branching import Branch, Decoding, Prompt, decode
from lib.decoding.engines import Transformers
from lib.models.lm import load, training_rows
from lib.parts import Parts
from lib.table import read_provenance


def test_all_branches_of_all_items(cell):
    branches, items = BRANCHES.read(cell.branches), ITEMS.read(cell.test)
    expected = [(name, rank) for name in sorted(items["item_id"]) for rank in range(3)]
    assert list(zip(branches["item_id"], branches["branch"], strict=True)) == expected
    for name, value in {**CELL, "split": "test", "decoding": "cot"}.items():
        assert set(branches[name]) == {value}
    record = read_provenance(cell.branches)
    assert (record["decoding"], record["dtype"], record["threads"]) == (DECODING, "torch.float32", 1)
    assert sorted(chain(*record["batches"])) == sorted(items["item_id"])
    assert not [path for path in cell.branches.parent.iterdir() if path.name.startswith(".")]


def test_branches_are_those_of_the_adapted_model(cell):
    model, tokenizer = load(cell.model, cell.adapter, "float32", 1)
    items = ITEMS.read(cell.test).set_index("item_id")
    how = Decoding.of({**DECODING, "rows": 3})
    written = BRANCHES.read(cell.branches)
    for name, rows in list(written.groupby("item_id"))[:3]:
        prompt = Prompt(name, tokenizer.encode(items["prompt"][name], add_special_tokens=False))
        for row, branch in zip(rows.itertuples(), decode(model, tokenizer, [prompt], how), strict=True):
            assert row.token_ids.tolist() == branch.token_ids
            assert row.token_margins == pytest.approx(branch.token_margins, abs=1e-5)
            assert (row.completion, row.stop_reason) == (branch.completion, branch.stop_reason)


def predict(cell, path, decoding, **options):
    evaluation_predict.evaluation_predict(
        model=cell.model,
        adapter=cell.adapter,
        decoding=json.dumps(DECODING | decoding),
        cell=json.dumps({**CELL, "split": "test", "decoding": "other"}),
        items=cell.test,
        branches=path,
        dtype="float32",
        **options,
    )
    return pq.ParquetFile(path).read()


def test_a_killed_run_goes_on_and_comes_to_the_same_table(cell, tmp_path, monkeypatch):
    few = {"rows": 2}  # seven items a batch of at most 20 branches
    whole = predict(cell, tmp_path / "whole.parquet", few)
    decoded = []

    def count(self, prompts, decoding, groups, original=Transformers.decode):
        if len(decoded) == 1:
            raise KeyboardInterrupt
        decoded.append([prompt.item for prompt in prompts])
        return original(self, prompts, decoding, groups)

    monkeypatch.setattr(Transformers, "decode", count)
    with pytest.raises(KeyboardInterrupt):
        predict(cell, tmp_path / "killed.parquet", few)
    assert not (tmp_path / "killed.parquet").exists()
    (first,) = decoded
    decoded[:] = [[], []]
    resumed = predict(cell, tmp_path / "killed.parquet", few)
    assert 0 < len(first) < 12 and len(decoded) == 3 and not {*first} & {*chain(*decoded)}
    assert table_differences(whole, resumed) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_parts_of_other_settings_are_not_taken(cell, tmp_path, monkeypatch):
    path = tmp_path / "branches.parquet"
    monkeypatch.setattr(Parts, "remove", lambda parts: None)
    predict(cell, path, {"rows": 2})
    shorter = predict(cell, path, {"rows": 2, "max_new_tokens": 2})
    assert max(map(len, shorter["token_ids"].to_pylist())) == 2


def test_samples_and_beams_are_other_branches_of_the_same_table(cell, tmp_path):
    sample = {"how": "sample", "temperature": 0.9, "top_p": 0.9, "seed": 3}
    for how in (sample, {"how": "beam"}, {"position": 2}):
        found = predict(cell, tmp_path / "branches.parquet", how).to_pandas()
        assert len(found) <= 36 and found["item_id"].nunique() == 12
        assert read_provenance(tmp_path / "branches.parquet")["decoding"] == DECODING | how
        again = predict(cell, tmp_path / "again.parquet", {**how, "rows": 5}).to_pandas()
        assert found["completion"].tolist() == again["completion"].tolist()


def test_branches_are_asked_for_their_answer(cell, tmp_path):
    ask = {"text": " so it is", "max_new_tokens": 3, "stop": [" mat"]}
    found = predict(cell, tmp_path / "branches.parquet", {"ask": ask}).to_pandas()
    plain = BRANCHES.read(cell.branches)
    assert found["completion"].tolist() == plain["completion"].tolist()
    assert plain["asked_completion"].isna().all()
    assert found["asked_ids"].map(len).between(1, 3).all()
    assert (found["asked_margins"].map(len) == found["asked_ids"].map(len)).all()
    written = found["token_ids"].map(len)
    assert plain["decoded_tokens"].tolist() == written.tolist()
    assert (found["decoded_tokens"] == written + found["asked_ids"].map(len)).all()


@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.parametrize("template", ["{prompt}", "def solve({it}):\n{prompt} # so"])
def test_prompts_are_read_as_in_training(cell, tmp_path, monkeypatch, chat, template):
    model = shutil.copytree(cell.model, tmp_path / "model")
    tokenizer = byte_tokenizer(bos=True)
    tokenizer.chat_template = "{% for m in messages %}<s>{{ m['content'] }}{% endfor %} it "
    tokenizer.save_pretrained(model)
    read = []

    def nothing(self, prompts, decoding, groups):
        read.extend(prompts)
        return [Branch(index, 0, [1], [0.5]) for index in range(len(prompts))]

    monkeypatch.setattr(Transformers, "decode", nothing)
    base = SimpleNamespace(model=model, adapter=None, test=cell.test)
    predict(base, tmp_path / "b.parquet", {"prompt": template}, chat=chat)
    items = ITEMS.read(cell.test)
    asked = [template.replace("{prompt}", prompt) for prompt in items["prompt"]]
    rows = training_rows(tokenizer, asked, items["target"], chat)
    ids = {prompt.item: prompt.ids for prompt in read}
    assert [ids[name] for name in items["item_id"]] == [row.prompt for row in rows]
    assert {row.prompt[0] for row in rows} == {0}  # <s>
    assert all(tokenizer.decode(row.prompt).endswith(" it ") == chat for row in rows)


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
        cell=json.dumps({**CELL, "arm": "base", "split": "test", "decoding": "greedy"}),
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
