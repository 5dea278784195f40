import numpy as np
import pytest

from lib import tokenizer_metrics as tm


def value(ratio):
    return ratio.numerators.sum() / ratio.denominators.sum()


def test_cuts_strictly_inside():
    cuts = np.array([2, 4, 4, 6])
    starts, ends = np.array([0, 2, 4, 6, 1]), np.array([2, 6, 6, 9, 9])
    assert tm.Cuts(cuts, 9).inside(starts, ends).tolist() == [0, 1, 0, 0, 3]
    assert tm.Cuts(cuts, 9).at(np.array([0, 4, 9])).tolist() == [False, True, False]


def test_cuts_inside_are_those_of_the_slow_way():
    rng = np.random.default_rng(0)
    cuts = np.sort(rng.integers(0, 300, 80))
    starts = rng.integers(0, 290, 200)
    ends = starts + rng.integers(1, 9, 200)
    slow = [len({c for c in cuts.tolist() if s < c < e}) for s, e in zip(starts, ends, strict=True)]
    assert tm.Cuts(cuts, 300).inside(starts, ends).tolist() == slow


def test_ratios_are_of_totals():
    ratios = tm.text_ratios(
        tokens=np.array([1, 9]),
        characters=np.array([4, 6]),
        octets=np.array([4, 16]),
        fragments=np.array([0, 3]),
        unknown=np.array([1, 1]),
    )
    assert value(ratios["chars_per_token"]) == 1.0  # the mean of the ratios would be 2.33
    assert value(ratios["bytes_per_token"]) == 2.0
    assert value(ratios["byte_token_rate"]) == 0.3
    assert value(ratios["unk_rate"]) == 0.2


def test_word_metrics():
    # Two documents, of 4 and 2 tokens; the first has three words, the second none.
    ratios = tm.word_ratios(
        tokens=np.array([4, 2]),
        document=np.array([0, 0, 0]),
        in_context=np.array([0, 1, 0]),
        isolated=np.array([0, 2, 1]),
        whole=np.array([True, False, False]),
    )
    assert value(ratios["tokens_per_word"]) == 2.0  # 6 / 3: spaces and punctuation cost too
    assert value(ratios["fertility"]) == 2.0  # (1 + 3 + 2) / 3
    assert value(ratios["continued_words"]) == pytest.approx(1 / 3)
    assert value(ratios["continued_words_isolated"]) == pytest.approx(2 / 3)
    assert value(ratios["single_token_words"]) == pytest.approx(1 / 3)
    assert ratios["fertility"].denominators.tolist() == [3, 0]


def whole(cuts, starts, ends, spaced):
    found = tm.Cuts(cuts, 16)
    return tm.whole_tokens(found, starts, ends, spaced, found.inside(starts, ends)).tolist()


def test_words_that_are_one_token():
    # " a bc de" with the tokens " a", " ", "bc", " d", "e", in half bytes.
    cuts = 2 * np.array([0, 2, 3, 5, 7, 8])
    starts, ends, spaced = 2 * np.array([1, 3, 6]), 2 * np.array([2, 5, 8]), np.array([True] * 3)
    assert whole(cuts, starts, ends, spaced) == [True, True, False]
    assert whole(cuts, starts, ends, ~spaced) == [False, True, False]
    # A token over two words is none of them.
    assert whole(2 * np.array([0, 8]), starts, ends, spaced) == [False] * 3
    assert whole(np.zeros(0, int), starts, ends, spaced) == [False] * 3


def test_premium_is_over_what_both_say():
    ratio = tm.premium({"a": 6, "b": 4, "only here": 100}, {"b": 2, "a": 3, "only there": 100})
    assert (
        value(ratio) == 2.0 and ratio.numerators.tolist() == [6, 4] and ratio.denominators.tolist() == [3, 2]
    )
    assert tm.premium({"a": 1}, {"b": 1}) is None


def test_renyi_efficiency():
    assert tm.renyi_efficiency(np.array([5, 5, 5, 5, 0])) == pytest.approx(1.0)
    p = np.array([0.5, 0.25, 0.25])
    expected = np.log2((p**2.5).sum()) / (1 - 2.5) / np.log2(3)
    assert tm.renyi_efficiency(np.array([2, 0, 1, 1])) == pytest.approx(expected)
    assert tm.renyi_efficiency(np.array([7, 0])) is None


def test_shannon_efficiency():
    assert tm.shannon_efficiency(np.array([5, 5, 5, 5, 0])) == pytest.approx(1.0)
    # p = 1/2, 1/4, 1/4: 1.5 bits of log2(3).
    assert tm.shannon_efficiency(np.array([2, 0, 1, 1])) == pytest.approx(1.5 / np.log2(3))
    assert tm.shannon_efficiency(np.array([7, 0])) is None and tm.shannon_efficiency(np.zeros(3)) is None


def test_efficiencies_are_those_of_scipy():
    from scipy.stats import entropy

    counts = np.random.default_rng(1).zipf(1.5, 300)
    p = counts / counts.sum()
    assert tm.shannon_efficiency(counts) == pytest.approx(entropy(counts) / np.log(300), abs=1e-12)
    assert tm.renyi_efficiency(counts) == pytest.approx(
        np.log((p**2.5).sum()) / -1.5 / np.log(300), abs=1e-12
    )


def test_how_the_vocabulary_is_used():
    found = tm.type_metrics(np.array([1, 0, 4, 1]), 8)
    assert found["utilisation"] == 3 / 8 and found["type_token_ratio"] == 3 / 6
    assert found["average_rank"] == pytest.approx((4 * 1 + 1 * 2 + 1 * 3) / 6)
    assert set(tm.type_metrics(np.zeros(4, int), 8).values()) == {None}


def test_gini():
    assert tm.gini(np.array([3, 3, 3])) == pytest.approx(0)
    assert tm.gini(np.array([0, 0, 0, 8])) == pytest.approx(3 / 4)
    assert tm.gini(np.array([1, 3])) == pytest.approx(1 / 4)  # |1-3| twice, over 2 * 4 * 2
    assert tm.gini(np.array([[1, 3], [5, 5]])).tolist() == pytest.approx([1 / 4, 0])


def test_gini_is_that_of_all_pairs():
    costs = np.random.default_rng(2).integers(1, 1000, 40)
    pairs = np.abs(costs[:, None] - costs[None]).sum()
    assert tm.gini(costs) == pytest.approx(pairs / (2 * 40**2 * costs.mean()), abs=1e-12)


def test_lorenz_curve():
    assert tm.lorenz(np.array([5, 1, 4])).tolist() == [0.1, 0.5, 1.0]


def test_gini_is_twice_the_area_over_the_lorenz_curve():
    costs = np.random.default_rng(4).integers(1, 50, 9)
    curve = np.concatenate([[0], tm.lorenz(costs)])
    area = np.trapezoid(curve, dx=1 / 9)
    assert tm.gini(costs) == pytest.approx(1 - 2 * area, abs=1e-12)


def test_what_all_languages_say():
    said = {"a": {"x": 1, "y": 2, "z": 9}, "b": {"y": 4, "x": 3}, "c": {"x": 5, "y": 6, "w": 1}}
    assert tm.parallel(said).tolist() == [[1, 3, 5], [2, 4, 6]]
    assert tm.parallel({"a": {"x": 1}}) is None and tm.parallel({"a": {"x": 1}, "b": {"y": 1}}) is None
    assert tm.parallel({}) is None


def test_gini_is_that_of_another_tool():
    """glotscope 0.1.0 on 110 aligned messages in 15 languages, from whose tokens it found this value."""
    costs = [1045, 1018, 1149, 817, 1086, 955, 789, 869, 1123, 1049, 1140, 843, 954, 1016, 685]
    assert tm.gini(np.array(costs)) == pytest.approx(0.07924978218003388, abs=1e-12)
