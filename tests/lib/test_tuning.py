from dataclasses import replace

import pytest
from tiny_arms import arm

from lib.adaptation.outcome import Failed, Outcome
from lib.contracts.lora import TUNING
from lib.run import Diverged
from lib.tuning import at_edge, choice, require_rate, rungs, search_rates, tuned, untried

RATES = [1e-4, 1e-3, 1e-2]


def table(found):
    return {(row["learning_rate"], row["step"]): (row["dev_loss"], row["status"]) for row in found}


def trials(losses, diverges=()):
    """Losses by rate and step, and what was asked for."""
    asked = []

    def trial(rate, until):
        asked.append((rate, until))
        if (rate, until) in diverges:
            raise Diverged(f"{rate} diverged", [{}] * (until - 2))
        return losses[rate] / until

    return trial, asked


@pytest.mark.parametrize(
    ("steps", "rates", "expected"),
    [
        (60, 1, [60]),
        (60, 2, [30, 60]),
        (60, 3, [15, 30, 60]),
        (60, 4, [15, 30, 60]),
        (61, 5, [7, 15, 30, 61]),
        (2, 5, [1, 2]),
    ],
)
def test_steps_double_as_rates_may_halve(steps, rates, expected):
    assert rungs(steps, rates) == expected


def test_the_better_half_goes_on():
    trial, asked = trials({1e-4: 3.0, 1e-3: 1.0, 1e-2: 2.0})
    found = search_rates(RATES, 8, True, trial)
    assert asked == [(1e-4, 2), (1e-3, 2), (1e-2, 2), (1e-3, 4), (1e-2, 4), (1e-3, 8)]
    assert table(found) == {
        (1e-4, 2): (1.5, "stopped"),
        (1e-3, 2): (0.5, "finished"),
        (1e-3, 4): (0.25, "finished"),
        (1e-3, 8): (0.125, "finished"),
        (1e-2, 2): (1.0, "stopped"),
        (1e-2, 4): (0.5, "stopped"),
    }
    assert choice(found) == 1e-3


def test_without_halving_all_go_to_the_end():
    trial, asked = trials({1e-4: 1.0, 1e-3: 1.0, 1e-2: 2.0})
    found = search_rates(RATES, 8, False, trial)
    assert asked == [(rate, step) for step in (2, 4, 8) for rate in RATES]
    assert {row["status"] for row in found} == {"finished"}
    assert choice(found) == 1e-4  # as good as the next, and lower


def test_a_rate_that_diverges_is_out():
    trial, asked = trials({1e-4: 3.0, 1e-3: 2.0, 1e-2: 1.0}, diverges=[(1e-2, 4)])
    found = search_rates(RATES, 8, False, trial)
    assert (1e-2, 8) not in asked
    assert table(found)[1e-2, 3] == (None, "diverged") and table(found)[1e-2, 2] == (0.5, "diverged")
    assert {row["reason"] for row in found} == {None, "0.01 diverged"}
    assert choice(found) == 1e-3


def test_a_rate_that_runs_out_of_memory_is_out():
    def trial(rate, until):
        if rate == 1e-3 and until == 4:
            raise MemoryError("no room")
        return rate

    found = search_rates(RATES, 8, False, trial)
    failed = {(row["step"], row["dev_loss"], row["reason"]) for row in found if row["learning_rate"] == 1e-3}
    assert failed == {(2, 1e-3, "no room"), (4, None, "no room")}
    assert table(found)[1e-3, 4] == (None, "out-of-memory") and choice(found) == 1e-4


def test_other_errors_are_no_outcome_of_a_rate():
    def trial(rate, until):
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        search_rates(RATES, 8, False, trial)


def test_where_none_comes_to_the_end_the_best_of_the_others_is_taken():
    trial, _ = trials({1e-4: 2.0, 1e-3: 3.0, 1e-2: 1.0}, diverges=[(1e-2, 8)])
    assert choice(search_rates(RATES, 8, True, trial)) == 1e-4
    trial, _ = trials({}, diverges=[(rate, 2) for rate in RATES])
    found = search_rates(RATES, 8, True, trial)
    assert [row["status"] for row in found] == ["diverged"] * 3 and choice(found) is None


def test_edges():
    assert [at_edge(rate, RATES) for rate in RATES] == [True, False, True]
    assert not at_edge(1e-3, [1e-3])


NAMES = {"model": "tiny", "task": "sums", "arm": "lora-r2", "seed": 0}


def test_an_arm_takes_the_rate_that_is_marked(tmp_path):
    row = {**NAMES, "step": 1, "dev_loss": 1.0, "status": "finished", "reason": None, "at_edge": False}
    rows = [{**row, "learning_rate": rate, "chosen": rate == 1e-3} for rate in RATES]
    TUNING.write(rows, tmp_path / "tuning.parquet")
    open_arm = replace(arm("lora"), learning_rate="tuned")
    assert tuned(open_arm, tmp_path / "tuning.parquet").learning_rate == 1e-3
    require_rate(tmp_path / "tuning.parquet")
    assert tuned(arm("lora"), None) == arm("lora")


def test_an_arm_whose_tuning_failed_has_no_rate(tmp_path):
    rows = untried(RATES, Outcome("out-of-memory", "no room"))
    assert choice(rows) is None
    path = tmp_path / "tuning.parquet"
    TUNING.write([{**row, **NAMES, "chosen": False, "at_edge": False} for row in rows], path)
    assert tuned(replace(arm("lora"), learning_rate="tuned"), path).learning_rate is None
    with pytest.raises(Failed) as failed:
        require_rate(path)
    reason = f"{path} has no learning rate to train with: no room"
    assert failed.value.outcome == ("out-of-memory", reason)
