import evaluation_score
import pandas as pd
import pytest
from tiny_cell import CELL

from lib.contracts.answers import ANSWERS
from lib.contracts.lora import COSTS
from lib.contracts.scores import SCORES
from lib.contracts.task import ITEMS

TRAINED = {"learning_rate": 1e-3, "packed": 1, "status": "finished"}


def answered(name, branch, text, correct, **fields):
    return {
        **CELL,
        "split": "test",
        "decoding": "cot",
        "item_id": name,
        "branch": branch,
        "extracted": text,
        "span_start": 0,
        "span_end": 1,
        "margin": 0.5 + branch / 10,
        "chain": False,
        "repeated": False,
        "status": "answered",
        "score": float(correct or 0),
        "outcome": None,
        "correct": correct,
        "decoded_tokens": 4,
        "log_likelihood_per_byte": None,
        **fields,
    }


def score(folder, answers, items, cost=None):
    ANSWERS.write(answers, folder / "answers.parquet")
    ITEMS.write(items, folder / "items.parquet")
    given = [folder / "items.parquet", 100, 0, folder / "scores.parquet", [folder / "answers.parquet"]]
    evaluation_score.evaluation_score(*given, cost)
    return SCORES.read(folder / "scores.parquet").set_index(["decoder", "metric"])


def test_scores_of_a_decoded_cell(cell):
    scores = SCORES.read(cell.scores).set_index(["decoder", "metric"])
    answers = ANSWERS.read(cell.answers)
    greedy = answers[answers["branch"] == 0]
    assert scores["value"]["greedy", "accuracy"] == pytest.approx(greedy["correct"].mean())
    assert scores["value"]["cot-oracle", "accuracy"] == answers.groupby("item_id")["correct"].max().mean()
    assert set(scores["n_items"]) == {12}
    names = scores[["model", "task", "arm", "seed", "split", "method", "rank"]].drop_duplicates()
    assert names.values.tolist() == [["tiny", "sums", "lora-r4", 0, "test", "lora", 4]]


def test_exact_scores_by_hand(tmp_path, item):
    answers = [answered("a", 0, "1", True), answered("a", 1, "2", False)]
    answers += [answered("b", 0, "1", False), answered("b", 1, "2", True)]
    found = score(tmp_path, answers, [item("a"), item("b", "2")])["value"]
    assert found["greedy", "accuracy"] == found["cot-max", "accuracy"] == 0.5
    assert found["cot-max", "accuracy_gain"] == 0
    assert found["cot-oracle", "accuracy"] == 1


def test_the_base_has_neither_method_nor_rank(tmp_path, item):
    found = score(tmp_path, [answered("a", 0, "1", True, arm="base")], [item("a")])
    assert found["method"].isna().all() and found["rank"].isna().all()


def test_a_method_without_a_rank(tmp_path, item):
    cost = {**dict.fromkeys(COSTS.columns), **CELL, "method": "full", **TRAINED}
    COSTS.write([cost], tmp_path / "cost.parquet")
    found = score(tmp_path, [answered("a", 0, "1", True)], [item("a")], tmp_path / "cost.parquet")
    assert set(found["method"]) == {"full"} and found["rank"].isna().all()


def test_nothing_is_scored_where_nothing_was_decoded(tmp_path, item):
    assert score(tmp_path, [], [item("a")]).empty


def test_degrees_are_scored_by_chrf(tmp_path, item):
    from sacrebleu import corpus_chrf

    golds = {"a": "le chat", "b": "le chien"}
    answers = [answered("a", 0, "le chat", None), answered("b", 0, "la chienne", None)]
    items = [item(name, gold, "chrf") for name, gold in reversed(golds.items())]
    cost = {**dict.fromkeys(COSTS.columns), **CELL, "method": "dora", "rank": 2, **TRAINED}
    COSTS.write([cost], tmp_path / "cost.parquet")
    found = score(tmp_path, answers, items, tmp_path / "cost.parquet")
    assert found.index.tolist() == [("greedy", "chrf"), ("greedy", "tokens")]
    assert found["value"].iloc[1] == 4
    expected = corpus_chrf(["le chat", "la chienne"], [list(golds.values())]).score
    assert found["value"].iloc[0] == pytest.approx(expected)
    assert found[["method", "rank"]].values.tolist() == [["dora", 2]] * 2
    assert isinstance(found, pd.DataFrame)
