import pytest
import selfimprove_select
from commands import done, run
from tiny_cell import CELL, PLAIN

from lib.cli import UserError
from lib.contracts.answers import ANSWERS
from lib.contracts.branches import BRANCHES
from lib.contracts.selected import SELECTED
from lib.contracts.task import ITEMS
from lib.table import read_provenance

# item, branch, completion, answer, margin, status, correct
BRANCHED = [
    ("a", 0, " 1 + 1 = 2. It is 3 ", "3", 0.2, "answered", False),
    ("a", 1, " it is 2", "2", 0.9, "answered", True),
    ("b", 0, " 7", "7", 0.6, "answered", False),
    ("b", 1, " so 7\n", "7", 0.7, "answered", False),
    ("c", 0, " 4", "4", 0.99, "length", True),
    ("c", 1, "", None, None, "empty", False),
    ("d", 0, " 5", "5", 0.1, "answered", True),
    ("d", 1, " 6", "6", 0.05, "answered", False),
]


@pytest.fixture
def pool(tmp_path, item):
    names = {**CELL, "split": "pool-1", "decoding": "cot"}
    branches, answers = [], []
    for name, rank, text, extracted, margin, status, correct in BRANCHED:
        key = {**names, "item_id": name, "branch": rank}
        branches.append(
            {
                **key,
                **PLAIN,
                "completion": text,
                "token_ids": [1],
                "token_margins": [0.5],
                "stop_reason": "end",
            }
        )
        judged = {"margin": margin, "status": status, "correct": correct, "score": float(correct)}
        span = {"span_start": 0 if extracted else None, "span_end": 1 if extracted else None}
        none = dict.fromkeys(("chain", "outcome", "decoded_tokens", "log_likelihood_per_byte"))
        none["repeated"] = False
        answers.append({**key, "extracted": extracted, **none, **span, **judged})
    BRANCHES.write(branches, tmp_path / "branches.parquet")
    ANSWERS.write(answers, tmp_path / "answers.parquet")
    ITEMS.write([item(name, "2") for name in "dcba"], tmp_path / "items.parquet")
    return {name: tmp_path / f"{name}.parquet" for name in ("branches", "answers", "items", "selected")}


def select(pool, filter="confidence", keep=1.0, seed=0):
    selfimprove_select.selfimprove_select(filter=filter, keep=keep, round=2, seed=seed, **pool)
    return SELECTED.read(pool["selected"])


def test_the_surest_chains_become_targets(pool):
    done("selfimprove_select", filter="confidence", keep=0.5, round=2, seed=0, **pool)
    found = SELECTED.read(pool["selected"])
    columns = ["item_id", "prompt", "target", "answer", "style", "round", "branch", "confidence", "correct"]
    assert found[columns].values.tolist() == [
        ["b", "Q: b\nA:", " so 7", "2", "own", 2, 1, pytest.approx(1.3), False],  # both branches together
        ["a", "Q: a\nA:", " it is 2", "2", "own", 2, 1, pytest.approx(0.9), True],
    ]
    assert found["source"].tolist() == ["b", "a"]
    assert read_provenance(pool["selected"])["keep"] == 0.5


@pytest.mark.parametrize(("keep", "names"), [(0.25, "b"), (0.6, "ba"), (0.75, "bad"), (1.0, "bad")])
def test_at_most_the_share_of_the_items_is_kept(pool, keep, names):
    assert "".join(select(pool, keep=keep)["item_id"]) == names


def test_the_control_is_drawn_from_its_seed(pool):
    drawn = {tuple(select(pool, "random", seed=seed)["target"]) for seed in range(6)}
    assert len(drawn) > 1
    assert all(len(targets) == 3 for targets in drawn)
    assert tuple(select(pool, "random", seed=3)["target"]) in drawn


def test_shuffled_chains_keep_the_question_and_name_their_source(pool):
    found = select(pool, "shuffled").set_index("item_id")
    written = {"a": " it is 2", "b": " so 7", "d": " 5"}
    for name, row in found.iterrows():
        assert row["source"] != name and row["target"] == written[row["source"]]
        assert row["prompt"] == f"Q: {name}\nA:"
        assert row["correct"] == (row["source"] != "b")


def test_gold_chains_are_those_of_the_task(pool):
    found = select(pool, "gold-chains")
    assert set(found["target"]) == set(ITEMS.read(pool["items"])["target"])
    assert len(found) == 4 and found["correct"].all() and found["branch"].isna().all()


def test_selected_chains_can_be_trained_on(pool):
    select(pool)
    assert len(ITEMS.read(pool["selected"])) == 3


def test_a_pool_that_was_not_decoded_gives_nothing(pool):
    BRANCHES.write([], pool["branches"])
    ANSWERS.write([], pool["answers"])
    assert select(pool).empty


def test_a_pool_without_well_formed_chains(pool):
    answers = ANSWERS.read(pool["answers"])
    ANSWERS.write(answers.assign(status="length"), pool["answers"])
    with pytest.raises(UserError, match="no branch fits the filter 'confidence'"):
        select(pool)
    process = run("selfimprove_select", filter="confidence", keep=1, round=1, seed=0, **pool)
    assert process.returncode == 1 and process.stderr.startswith("error: ")
    assert not pool["selected"].exists()
