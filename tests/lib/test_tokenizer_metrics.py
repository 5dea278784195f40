import numpy as np
import pytest

from lib import tokenizer_metrics as tm


def value(ratio):
    return ratio.numerators.sum() / ratio.denominators.sum()


def test_cuts_strictly_inside():
    cuts = np.array([2, 4, 4, 6])
    starts, ends = np.array([0, 2, 4, 6, 1]), np.array([2, 6, 6, 9, 9])
    assert tm.inner_cuts(cuts, starts, ends).tolist() == [0, 1, 0, 0, 3]


def test_cuts_inside_are_those_of_the_slow_way():
    rng = np.random.default_rng(0)
    cuts = np.sort(rng.integers(0, 300, 80))
    starts = rng.integers(0, 290, 200)
    ends = starts + rng.integers(1, 9, 200)
    slow = [len({c for c in cuts.tolist() if s < c < e}) for s, e in zip(starts, ends, strict=True)]
    assert tm.inner_cuts(cuts, starts, ends).tolist() == slow


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
    )
    assert value(ratios["tokens_per_word"]) == 2.0  # 6 / 3: spaces and punctuation cost too
    assert value(ratios["fertility"]) == 2.0  # (1 + 3 + 2) / 3
    assert value(ratios["continued_words"]) == pytest.approx(1 / 3)
    assert value(ratios["continued_words_isolated"]) == pytest.approx(2 / 3)
    assert ratios["fertility"].denominators.tolist() == [3, 0]


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
