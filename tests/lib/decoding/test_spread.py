from typing import NamedTuple

import numpy as np
import pytest

from lib.comparisons import resampled
from lib.decoding.spread import discrimination, diversity


class Branch(NamedTuple):
    margin: float
    correct: bool
    extracted: str = "1"
    status: str = "answered"
    repeated: bool = False


def values(found):
    return {name: measure.value for name, measure in found.items()}


def auroc(right, wrong):
    """The obvious way: all pairs, one by one."""
    return np.mean([1.0 if one > other else 0.5 * (one == other) for one in right for other in wrong])


HARD = [Branch(0.2, True), Branch(0.3, False), Branch(0.2, False), Branch(0.99, False, status="length")]
EASY = [Branch(0.9, True), Branch(0.7, True), Branch(0.8, False)]
LOST = [Branch(0.4, False)]


def test_discrimination_by_hand():
    found = values(discrimination([HARD, EASY, LOST]))
    # Right: 0.2, 0.9, 0.7; wrong: 0.3, 0.2, 0.8, 0.4. 0.2 ties once, 0.9 wins four, 0.7 three.
    assert found["auroc"] == pytest.approx((0.5 + 4 + 3) / 12)
    # Hard: a loss and a tie; easy: a win and a loss; the third has no right branch.
    assert found["auroc_within"] == pytest.approx((0.25 + 0.5) / 2)


def test_resamples_are_those_of_the_items():
    rng = np.random.default_rng(0)
    items = [[Branch(rng.random(), bool(rng.random() < 0.4)) for _ in range(5)] for _ in range(30)]
    measure = discrimination(items)["auroc"]
    drawn = rng.integers(0, 30, 30)
    chosen = [branch for index in drawn for branch in items[index]]
    expected = auroc(
        [one.margin for one in chosen if one.correct], [one.margin for one in chosen if not one.correct]
    )
    assert float(measure.score(np.bincount(drawn, minlength=30) / 30)) == pytest.approx(expected)
    low, high = np.quantile(resampled([measure], 200, 0)[:, 0], [0.025, 0.975])
    assert low < measure.value < high


def test_nothing_to_compare_is_left_out():
    assert discrimination([LOST, LOST]) == {}
    assert set(discrimination([LOST, [Branch(0.9, True)]])) == {"auroc"}
    # Some resamples lack a right branch: nan, and not an error.
    measure = discrimination([LOST, [Branch(0.9, True)]])["auroc"]
    assert np.isnan(resampled([measure], 50, 0)).any()


def test_diversity_by_hand():
    first = [Branch(0.1, False, "1")] * 4 + [Branch(0.1, True, "2")] + [Branch(0.1, False, "3")]
    second = [Branch(0.1, False, "1", status="length"), Branch(0.1, False, "1", repeated=True)] * 3
    assert values(diversity([first, second])) == {
        "pass_at_1": 0,
        "pass_at_5": 0.5,
        "distinct_branches": (6 + 3) / 2,
        "distinct_answers": (3 + 1) / 2,
    }
