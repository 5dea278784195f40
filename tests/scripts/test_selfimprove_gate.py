import pytest
from commands import done
from tiny_cell import CELL

from lib.contracts.answers import ANSWERS
from lib.contracts.scores import GATES


def answers(path, right):
    """Two branches an item; each item is a pair of 0 (wrong), 1 (right), and x (right, but ill-formed)."""
    none = dict.fromkeys(("span_start", "span_end", "outcome", "decoded_tokens", "log_likelihood_per_byte"))
    rows = [
        {
            **CELL,
            **none,
            "arm": path.stem,
            "split": "pool-1",
            "decoding": "cot",
            "item_id": f"{number:02}",
            "branch": branch,
            "extracted": "1",
            "margin": 0.5,
            "chain": False,
            "repeated": False,
            "status": "length" if one == "x" else "answered",
            "score": float(one != "0"),
            "correct": one != "0",
        }
        for number, pair in enumerate(right)
        for branch, one in enumerate(pair)
    ]
    ANSWERS.write(rows, path)
    return path


def test_the_gate_is_passed_where_branches_hold_more_than_greedy(tmp_path):
    tables = [
        answers(tmp_path / "hopeful.parquet", ["01"] * 5 + ["10"] * 2 + ["00"] * 13),
        answers(tmp_path / "lost.parquet", ["10"] * 7 + ["00"] * 13),
        answers(tmp_path / "unsure.parquet", ["01"] + ["00"] * 19),
        answers(tmp_path / "cut.parquet", ["0x"] * 7 + ["x0"] * 2 + ["00"] * 11),  # no filter keeps these
        answers(tmp_path / "failed.parquet", []),
    ]
    ran = done("selfimprove_gate", *tables, gates=tmp_path / "gate.parquet", resamples=500, seed=0)
    assert "hopeful.parquet: the gate is passed" in ran.stdout
    found = GATES.read(tmp_path / "gate.parquet").set_index("arm")
    columns = ["greedy", "oracle", "value", "passed"]
    assert found[columns].values.tolist() == [
        [2 / 20, 7 / 20, pytest.approx(5 / 20), True],
        [7 / 20, 7 / 20, 0, False],
        [0, 1 / 20, 1 / 20, False],
        [2 / 20, 0, pytest.approx(-2 / 20), False],
    ]
    assert 0 < found.loc["hopeful", "ci_low"] < 0.25 < found.loc["hopeful", "ci_high"]


def test_without_loops_there_are_no_gates(tmp_path):
    done("selfimprove_gate", gates=tmp_path / "gate.parquet", resamples=10, seed=0)
    assert GATES.read(tmp_path / "gate.parquet").empty
