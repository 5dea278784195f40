import itertools

import numpy as np
import pytest
from scipy import stats

from lib.comparisons import (
    Measure,
    bootstrap_p,
    detectable,
    difference,
    holm,
    interval,
    mcnemar,
    mean_of,
    over_seeds,
    randomization,
    resampled,
)
from lib.intervals import share, wilson


def shares(*runs):
    """Measures of runs that are right or wrong, one string of 0 and 1 for each."""
    return [mean_of(np.array([answer == "1" for answer in run])) for run in runs]


def of_templates(measures, templates):
    return [measure._replace(templates=np.array(templates)) for measure in measures]


def drawn(measures, resamples=4000, seed=0):
    return over_seeds(resampled(measures, resamples, seed), seed)


def ratio(means):
    return means[..., 0] / means[..., 1]


def test_resamples_are_those_of_counting_items_one_by_one():
    counts = np.array([[3, 4], [1, 7], [4, 5]])
    found = resampled([Measure(counts, ratio, False), mean_of(np.array([1.0, 2, 4]))], 50, 3)
    slow = []
    for drawn_items in np.random.default_rng(3).integers(0, 3, (50, 3)):
        above, below = counts[drawn_items].sum(0)
        slow.append([above / below, np.array([1.0, 2, 4])[drawn_items].mean()])
    np.testing.assert_allclose(found, slow)


def test_templates_are_drawn_with_all_their_items():
    counts, templates = np.array([[3, 4], [1, 7], [4, 5], [2, 2]]), np.array([0, 1, 0, 2])
    measures = [Measure(counts, ratio, False), mean_of(np.array([1.0, 2, 4, 8]))]
    slow = []
    for names in np.random.default_rng(3).integers(0, 3, (50, 3)):
        items = np.concatenate([np.flatnonzero(templates == name) for name in names])
        above, below = counts[items].sum(0)
        slow.append([above / below, np.array([1.0, 2, 4, 8])[items].mean()])
    np.testing.assert_allclose(resampled(of_templates(measures, templates), 50, 3), slow)


def test_items_of_templates_of_their_own_are_drawn_as_items():
    rng = np.random.default_rng(0)
    arm, reference = mean_of(rng.normal(size=50)), mean_of(rng.normal(size=50))
    alone = of_templates([arm, reference], np.arange(50))
    assert (resampled(alone, 100, 0) == resampled([arm, reference], 100, 0)).all()
    assert randomization(*alone, 100, 0) == randomization(arm, reference, 100, 0)


def test_one_seed_is_that_seed_and_several_are_means_over_draws_of_them():
    table = np.arange(12.0).reshape(4, 3)
    assert over_seeds(table[:, :1], 0).tolist() == [0, 3, 6, 9]
    found = over_seeds(np.tile([0.0, 3.0, 9.0], (2000, 1)), 1)
    possible = {np.mean(three) for three in itertools.product([0, 3, 9], repeat=3)}
    assert set(found) == possible
    assert found.mean() == pytest.approx(4, abs=0.2)
    assert (over_seeds(table, 5) == over_seeds(table, 5)).all()


def test_the_spread_over_seeds_and_items_is_that_of_the_pigeonhole():
    """Exact, over all draws of two seeds and three items: no outside formula."""
    values = np.array([[0.0, 1.0, 5.0], [2.0, 0.0, 4.0]])
    exact = [
        values[np.ix_(seeds, items)].mean()
        for seeds in itertools.product(range(2), repeat=2)
        for items in itertools.product(range(3), repeat=3)
    ]
    found = drawn([mean_of(run) for run in values], 40_000)
    assert found.mean() == pytest.approx(np.mean(exact), abs=0.02)
    assert found.std() == pytest.approx(np.std(exact), rel=0.02)


def test_interval_of_one_seed_is_that_of_its_scores():
    (one,) = shares("1100000000")
    assert interval([one], drawn([one])) == share(one.statistics[:, 0] > 0)


def test_interval_over_seeds():
    measures = shares("1111100000", "1110000000", "1100000000")
    found = interval(measures, drawn(measures))
    assert found.value == pytest.approx(1 / 3)
    assert found.low < 0.2 and found.high > 0.5


@pytest.mark.parametrize(("answers", "value"), [("0" * 200, 0), ("1" * 200, 1)])
def test_answers_that_are_all_alike_still_have_an_interval(answers, value):
    measures = shares(answers, answers, answers)
    found = interval(measures, drawn(measures))
    assert found.value == value and found.high - found.low == pytest.approx(0.01885, abs=1e-5)


def test_interval_over_two_templates_by_hand():
    """Of 4 items one is right, the first template's only one: both templates, or one of them twice."""
    (one,) = of_templates(shares("1000"), [0, 1, 1, 1])
    draws = drawn([one])
    assert set(draws) == {0, 1 / 4, 1}
    assert interval([one], draws) == (1 / 4, 0, 1)
    assert (one.over, one.n_units) == ("templates", 2)


def test_templates_that_are_all_alike_count_as_so_many_units():
    templates = np.repeat(np.arange(12), 50)
    for answers, value in (("0" * 600, 0), ("1" * 600, 1), ("10" * 300, 0.5)):
        measures = of_templates(shares(answers), templates)
        assert interval(measures, drawn(measures)) == pytest.approx(wilson(value, 12))
        assert interval(measures * 3, drawn(measures * 3)) == pytest.approx(wilson(value, 12))


def test_clustered_items_tell_less_than_they_are():
    """All items of a template are right, or none: 12 templates are worth 12 items, not 600."""
    right = np.repeat(np.arange(12) < 4, 50)
    (one,) = of_templates([mean_of(right)], np.repeat(np.arange(12), 50))
    found, items, templates = interval([one], drawn([one])), share(right), share(np.arange(12) < 4)
    assert found.high - found.low > 5 * (items.high - items.low)
    assert (found.low, found.high) == pytest.approx((templates.low, templates.high), abs=0.1)


def test_differences_are_paired_by_item():
    arm, reference = shares("1110" * 25, "1110" * 25), shares("1100" * 25, "1100" * 25)
    apart = resampled([*arm, *reference], 2000, 0)
    draws = over_seeds(apart[:, :2] - apart[:, 2:], 0)
    found = difference(arm, reference, draws)
    half = 1.96 * np.sqrt(0.25 * 0.75 / 100)  # a quarter of the items is gained, none is lost
    assert found.value == 0.25
    assert (found.low, found.high) == pytest.approx((0.25 - half, 0.25 + half), abs=0.015)


def test_equal_answers_are_no_proof_of_equal_arms():
    arm = shares("10" * 100)
    found = difference(arm, arm, np.zeros(100))
    assert found.value == 0 and (found.low, found.high) == pytest.approx((-0.01885, 0.01885), abs=1e-5)
    written = [Measure(np.ones((5, 2)), ratio, False)]
    assert difference(written, written, np.zeros(100)) == (0, 0, 0)


def test_templates_that_differ_alike_are_no_proof_either():
    templates = np.repeat(np.arange(12), 4)
    arm, same = (of_templates(shares(answers * 12), templates) for answers in ("1100", "0110"))
    most = wilson(0, 12).high
    assert most == pytest.approx(0.2425, abs=1e-4)
    for reference in (arm, same):
        assert difference(arm, reference, np.zeros(100)) == (0, -most, most)
    (lost,) = of_templates(shares("1000" * 12), templates)
    apart = resampled([*arm, lost], 200, 0)
    draws = apart[:, 0] - apart[:, 1]
    assert difference(arm, [lost], draws) == pytest.approx((0.25, 0.25 - most, 0.25 + most))
    assert detectable(draws) is None
    single = of_templates([*shares("1111", "0000")], [0] * 4)
    assert difference(single[:1], single[1:], np.ones(100)) == (1, pytest.approx(1 - wilson(0, 1).high), 1)


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (1, 0), (5, 5), (8, 1), (3, 12)])
def test_mcnemar(won, lost):
    """Twice the smaller tail of fair coin throws, all of which are written out."""
    right = np.array([True] * won + [False] * lost + [True, False] * 20)
    reference = np.array([False] * won + [True] * lost + [True, False] * 20)
    heads = np.array([sum(throw) for throw in itertools.product((0, 1), repeat=won + lost)])
    expected = min(1, 2 * min(np.mean(heads <= won), np.mean(heads >= won)))
    assert mcnemar(right, reference) == pytest.approx(expected)


def test_randomization_is_that_of_all_swaps():
    arm, reference = np.array([3.0, 1, 4, 1, 5, 9]), np.array([2.0, 6, 1, 1, 3, 2])
    apart = arm - reference
    swaps = np.array(list(itertools.product((1, -1), repeat=6)))
    exact = np.mean(np.abs((swaps * apart).mean(1)) >= abs(apart.mean()) - 1e-9)
    assert randomization(mean_of(arm), mean_of(reference), 20_000, 0) == pytest.approx(exact, abs=0.01)
    scipy = stats.permutation_test((arm, reference), lambda x, y: np.mean(x - y), permutation_type="samples")
    assert scipy.pvalue == pytest.approx(exact)


def test_randomization_swaps_what_the_score_is_made_of():
    arm, reference = np.array([[9, 10], [1, 1], [0, 4]]), np.array([[5, 10], [2, 3], [1, 9]])
    found = randomization(Measure(arm, ratio, False), Measure(reference, ratio, False), 20_000, 0)
    stacked, observed = np.stack([arm, reference]), abs(10 / 15 - 8 / 22)
    count = 0
    for swap in itertools.product((0, 1), repeat=3):
        one, other = stacked[list(swap), range(3)].sum(0), stacked[[1 - s for s in swap], range(3)].sum(0)
        count += abs(one[0] / one[1] - other[0] / other[1]) >= observed - 1e-9
    assert found == pytest.approx(count / 8, abs=0.01)


def test_all_of_a_template_is_swapped_together():
    arm, reference = np.array([1.0, 1, 1, 0, 1, 0]), np.array([0.0, 0, 0, 1, 1, 0])
    templates = np.array([0, 0, 1, 2, 2, 3])
    swaps = np.array(list(itertools.product((1, -1), repeat=4)))[:, templates]
    exact = np.mean(np.abs((swaps * (arm - reference)).mean(1)) >= 2 / 6 - 1e-9)
    assert exact == 0.75  # 2, 1 and -1 right answers more: all but those with both 1 against the 2
    found = randomization(*of_templates([mean_of(arm), mean_of(reference)], templates), 20_000, 0)
    assert found == pytest.approx(exact, abs=0.01)
    one = of_templates([mean_of(arm), mean_of(reference)], [0] * 6)
    assert randomization(*one, 100, 0) == 1


def test_a_run_does_not_differ_from_itself():
    (one,) = shares("0110100110")
    assert randomization(one, one, 200, 0) == 1
    assert mcnemar(one.statistics[:, 0] > 0, one.statistics[:, 0] > 0) == 1
    assert bootstrap_p(np.zeros(500)) == 1


def test_bootstrap_p_goes_with_the_percentile_interval():
    draws = np.linspace(-1, 39, 999)  # 25 of them at or below zero
    assert np.sum(draws <= 0) == 25
    assert bootstrap_p(draws) == 2 * 26 / 1000
    assert bootstrap_p(-draws) == bootstrap_p(draws)
    assert bootstrap_p(np.ones(999)) == 2 / 1000


def test_holm_by_hand():
    # Sorted .01, .02, .03, .04: times 4, 3, 2, 1 is .04, .06, .06, .04, which never falls.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([]) == []
    assert holm([0.2]) == [0.2]


def test_what_is_detectable_is_detected_in_four_of_five():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 2, 100)
    found = detectable(drawn([mean_of(values)], 20_000))
    assert found == pytest.approx((1.95996 + 0.84162) * values.std() / 10, rel=0.02)
    error = values.std() / 10
    power = 1 - stats.norm.cdf(1.95996 - found / error) + stats.norm.cdf(-1.95996 - found / error)
    assert power == pytest.approx(0.8, abs=0.02)
    assert detectable(np.zeros(100)) is None


def rejected(seeds, spread, trials=150, items=200):
    """How often a test of two equal arms is below 5 %: ours, and one with signs flipped answer by answer."""
    rng, ours, flipped = np.random.default_rng(0), 0, 0
    for trial in range(trials):
        hard = rng.normal(0, 1.5, items)
        luck = rng.normal(0, spread, (2, seeds, 1))
        right = hard + luck + rng.logistic(0, 1, (2, seeds, items)) > 0
        apart = right[0].astype(float) - right[1]
        ours += bootstrap_p(drawn([mean_of(run) for run in apart], 200, trial)) <= 0.05
        signs = rng.integers(0, 2, (200, seeds * items)) * 2 - 1
        flips = np.abs(signs @ apart.ravel()) >= abs(apart.sum())
        flipped += (1 + flips.sum()) / 201 <= 0.05
    return ours / trials, flipped / trials


def test_the_test_keeps_its_level_where_seeds_differ_somewhat():
    ours, flipped = rejected(3, 0.2)
    assert ours <= 0.08 < flipped


def test_the_test_by_template_keeps_its_level_and_mcnemar_does_not():
    """Equal arms that are each better on some of 14 templates, by chance."""
    rng, templates, ours, exact = np.random.default_rng(0), np.repeat(np.arange(14), 50), 0, 0
    for trial in range(150):
        odds = rng.normal(0, 1.5, 14) + rng.normal(0, 0.5, (2, 14))
        right = odds[:, templates] + rng.logistic(0, 1, (2, 700)) > 0
        ours += randomization(*of_templates(map(mean_of, right), templates), 200, trial) <= 0.05
        exact += mcnemar(*right) <= 0.05
    assert ours / 150 <= 0.09 and exact / 150 > 0.2
