import json

import evaluation_search
import pytest
from commands import done
from tiny_cell import CELL

from lib.cli import UserError
from lib.contracts.branches import BRANCHES
from lib.contracts.task import ITEMS
from lib.decoding import engines
from lib.decoding.answers import confidence
from lib.decoding.branching import Decoding, Prompt
from lib.decoding.tree import search
from lib.models.lm import load

TREE = {"how": "tree", "branches": 5, "width": 3, "separators": ["1", "2", "3"], "exploration": 1.4}
TREE |= {"filter": ["empty"], "max_new_tokens": 6, "stop": ["\nQ:"], "rows": 4}
NAMES = {**CELL, "split": "test", "decoding": "tree"}


@pytest.fixture(scope="module")
def searched(cell, tmp_path_factory):
    path = tmp_path_factory.mktemp("searched") / "branches.parquet"
    lm = {"model": cell.model, "adapter": cell.adapter, "dtype": "float32", "threads": 1}
    done("evaluation_search", **lm, decoding=TREE, cell=NAMES, items=cell.test, branches=path)
    return BRANCHES.read(path)


def test_rollouts_are_branches(cell, searched):
    assert set(searched["decoding"]) == {"tree"} and searched["item_id"].nunique() == 12
    plain = BRANCHES.read(cell.branches).set_index(["item_id", "branch"])["token_ids"]
    for name, rows in searched.groupby("item_id"):
        written = {tuple(ids) for ids in rows["token_ids"]}
        assert rows["branch"].tolist() == list(range(len(rows))) and len(written) == len(rows) <= 5
        assert tuple(plain[name, 0]) in written  # the greedy path
        assert rows["decoded_tokens"].iloc[0] <= rows["token_ids"].map(len).sum()
        assert not rows["decoded_tokens"].iloc[1:].any()
    assert (searched["branch"] > 2).any()  # more than the root has children: somewhere a later step was


def test_rollouts_are_those_of_a_search_by_confidence(cell, searched):
    model, tokenizer = load(cell.model, cell.adapter, "float32", 1)
    how, asked = Decoding.of(TREE), ITEMS.read(cell.test).set_index("item_id")["prompt"]
    for name, rows in list(searched.groupby("item_id"))[:3]:
        prompt = Prompt(name, tokenizer.encode(asked[name], add_special_tokens=False))
        found = search(
            model,
            tokenizer,
            [prompt],
            how,
            None,
            lambda rollout: confidence(rollout, "number", tokenizer.decode, ("empty",)),
        )
        assert [one.token_ids for one in found] == [ids.tolist() for ids in rows["token_ids"]]


def test_vllm_searches_no_trees(cell, tmp_path, monkeypatch):
    transformers = engines.load("transformers", cell.model, None, "float32", 1)

    class Other:
        tokenizer, dtype, device = transformers.tokenizer, transformers.dtype, transformers.device

    monkeypatch.setattr(engines, "load", lambda *args: Other())
    with pytest.raises(UserError, match="'vllm' searches no trees"):
        evaluation_search.evaluation_search(
            model=cell.model,
            decoding=json.dumps(TREE),
            cell=json.dumps(NAMES),
            items=cell.test,
            branches=tmp_path / "branches.parquet",
            engine="vllm",
        )
