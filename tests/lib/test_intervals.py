import numpy as np
import pytest
from scipy.stats import binomtest

from lib.intervals import (
    bootstrap_mean,
    bootstrap_ratio,
    bootstrap_ratios,
    ends,
    resamples_of,
    share,
    wilson,
)


def test_ends_cut_a_fortieth_on_each_side():
    assert ends(np.arange(1001.0)) == pytest.approx((25, 975))


def test_the_value_is_the_ratio_of_totals_not_the_mean_of_ratios():
    assert bootstrap_ratio(np.array([1, 9]), np.array([1, 3]), 10, 0).value == 10 / 4


def test_numerator_and_denominator_are_drawn_together():
    below = np.arange(1.0, 20)
    assert bootstrap_ratio(3 * below, below, 200, 0) == pytest.approx((3, 3, 3))


def test_the_width_is_that_of_a_mean():
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = bootstrap_mean(values, 4000, 1)
    assert found.value == pytest.approx(values.mean())
    half = 1.96 * values.std() / np.sqrt(400)
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half), abs=0.1 * half)


def test_a_share_has_the_interval_of_wilson():
    # 2 of 10, by his formula with z = 1.96: (0.2 + z²/20 ± z sqrt(0.2 · 0.8 / 10 + z²/400)) / (1 + z²/10)
    assert share(np.array([True] * 2 + [False] * 8)) == pytest.approx((0.2, 0.05668, 0.50984), abs=1e-5)


def test_a_share_of_none_still_has_a_width():
    assert share(np.zeros(200, bool)) == pytest.approx((0, 0, 0.01885), abs=1e-5)


@pytest.mark.parametrize("n", [1, 2, 12, 200, 1000])
def test_shares_are_those_of_scipy_to_the_last_bit(n):
    for right in {0, 1, n // 3, n - 1, n}:
        found = binomtest(right, n)
        assert share(np.arange(n) < right) == (found.statistic, *found.proportion_ci(method="wilson"))


def test_a_share_of_units_that_are_right_in_part():
    # z = 1.96: (z² / 2 ± z sqrt(z² / 4 + 0.25)) / (1 + z²) around a half, of one unit
    assert wilson(0.5, 1) == pytest.approx((0.5, 0.05462, 0.94538), abs=1e-5)
    assert wilson(0.25, 12).low < wilson(0.25, 1000).low < 0.25


def test_two_units_give_three_possible_means():
    found = bootstrap_mean(np.array([0.0, 1.0]), 1000, 0)  # each end has a quarter of the draws
    assert found == (0.5, 0.0, 1.0)


def test_resamples_without_a_denominator_are_left_out():
    assert bootstrap_ratio(np.array([0, 1]), np.array([0, 1]), 100, 0) == (1, 1, 1)


def test_ratios_are_those_of_each_alone():
    rng = np.random.default_rng(3)
    above, below = rng.integers(0, 9, (4, 50)), rng.integers(1, 9, (4, 50))
    alone = [bootstrap_ratio(a, b, 150, 7) for a, b in zip(above, below, strict=True)]
    assert bootstrap_ratios(above, below, 150, 7) == alone


def test_ratios_are_those_of_drawing_unit_by_unit():
    above, below = np.array([3, 1, 4, 1, 5]), np.array([2, 7, 1, 8, 2])
    drawn = np.random.default_rng(5).integers(0, 5, (64, 5))  # no more than are drawn at a time
    low, high = ends(above[drawn].sum(1) / below[drawn].sum(1))
    assert bootstrap_ratio(above, below, 64, 5) == pytest.approx((14 / 20, low, high), abs=1e-12)


def test_every_resample_has_as_many_units(monkeypatch):
    whole = np.concatenate(list(resamples_of(7, 100, 1)))
    assert whole.shape == (100, 7) and (whole.sum(1) == 7).all()
    monkeypatch.setattr("lib.intervals.CHUNK", 14)  # fewer at a time make other draws, as many units
    assert (np.concatenate(list(resamples_of(7, 100, 1))).sum(1) == 7).all()


def test_the_seed_decides():
    values = np.arange(30.0)
    assert bootstrap_mean(values, 100, 1) == bootstrap_mean(values, 100, 1)
    assert bootstrap_mean(values, 100, 1) != bootstrap_mean(values, 100, 2)


@pytest.mark.parametrize(
    ("above", "below", "message"),
    [([], [], "non-empty"), ([1.0], [1.0, 2.0], "equal"), ([1.0, 2.0], [1.0, -1.0], "zero")],
)
def test_what_has_no_ratio_is_refused(above, below, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_ratio(np.array(above), np.array(below), 10, 0)


def test_a_share_of_no_units_is_refused():
    with pytest.raises(ValueError, match="no units"):
        share(np.array([], bool))
