import numpy as np
import pytest

from lib.tokenizer import ratios


def value(ratio):
    return ratio.numerators.sum() / ratio.denominators.sum()


def test_cuts_strictly_inside():
    cuts = np.array([2, 4, 4, 6])
    starts, ends = np.array([0, 2, 4, 6, 1]), np.array([2, 6, 6, 9, 9])
    assert ratios.Cuts(cuts, 9).inside(starts, ends).tolist() == [0, 1, 0, 0, 3]
    assert ratios.Cuts(cuts, 9).at(np.array([0, 4, 9])).tolist() == [False, True, False]


def test_cuts_inside_are_those_of_the_slow_way():
    rng = np.random.default_rng(0)
    cuts = np.sort(rng.integers(0, 300, 80))
    starts = rng.integers(0, 290, 200)
    ends = starts + rng.integers(1, 9, 200)
    slow = [len({c for c in cuts.tolist() if s < c < e}) for s, e in zip(starts, ends, strict=True)]
    assert ratios.Cuts(cuts, 300).inside(starts, ends).tolist() == slow


def test_ratios_are_of_totals():
    found = ratios.text_ratios(
        tokens=np.array([1, 9]),
        characters=np.array([4, 6]),
        octets=np.array([4, 16]),
        fragments=np.array([0, 3]),
        unknown=np.array([1, 1]),
    )
    assert value(found["chars_per_token"]) == 1.0  # the mean of the ratios would be 2.33
    assert value(found["bytes_per_token"]) == 2.0
    assert value(found["byte_token_rate"]) == 0.3
    assert value(found["unk_rate"]) == 0.2


def test_word_metrics():
    # Two documents, of 4 and 2 tokens; the first has three words, the second none.
    found = ratios.word_ratios(
        tokens=np.array([4, 2]),
        document=np.array([0, 0, 0]),
        in_context=np.array([0, 1, 0]),
        isolated=np.array([0, 2, 1]),
        whole=np.array([True, False, False]),
    )
    assert value(found["tokens_per_word"]) == 2.0  # 6 / 3: spaces and punctuation cost too
    assert value(found["fertility"]) == 2.0  # (1 + 3 + 2) / 3
    assert value(found["continued_words"]) == pytest.approx(1 / 3)
    assert value(found["continued_words_isolated"]) == pytest.approx(2 / 3)
    assert value(found["single_token_words"]) == pytest.approx(1 / 3)
    assert found["fertility"].denominators.tolist() == [3, 0]


def whole(cuts, starts, ends, spaced):
    found = ratios.Cuts(cuts, 16)
    return ratios.whole_tokens(found, starts, ends, spaced, found.inside(starts, ends)).tolist()


def test_words_that_are_one_token():
    # " a bc de" with the tokens " a", " ", "bc", " d", "e", in half bytes.
    cuts = 2 * np.array([0, 2, 3, 5, 7, 8])
    starts, ends, spaced = 2 * np.array([1, 3, 6]), 2 * np.array([2, 5, 8]), np.array([True] * 3)
    assert whole(cuts, starts, ends, spaced) == [True, True, False]
    assert whole(cuts, starts, ends, ~spaced) == [False, True, False]
    # A token over two words is none of them.
    assert whole(2 * np.array([0, 8]), starts, ends, spaced) == [False] * 3
    assert whole(np.zeros(0, int), starts, ends, spaced) == [False] * 3
