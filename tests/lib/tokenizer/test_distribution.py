import numpy as np
import pytest
from scipy.stats import entropy

from lib.tokenizer import distribution


def test_renyi_efficiency():
    assert distribution.renyi_efficiency(np.array([5, 5, 5, 5, 0])) == pytest.approx(1.0)
    p = np.array([0.5, 0.25, 0.25])
    expected = np.log2((p**2.5).sum()) / (1 - 2.5) / np.log2(3)
    assert distribution.renyi_efficiency(np.array([2, 0, 1, 1])) == pytest.approx(expected)
    assert distribution.renyi_efficiency(np.array([7, 0])) is None


def test_shannon_efficiency():
    assert distribution.shannon_efficiency(np.array([5, 5, 5, 5, 0])) == pytest.approx(1.0)
    # p = 1/2, 1/4, 1/4: 1.5 bits of log2(3).
    assert distribution.shannon_efficiency(np.array([2, 0, 1, 1])) == pytest.approx(1.5 / np.log2(3))
    assert distribution.shannon_efficiency(np.array([7, 0])) is None
    assert distribution.shannon_efficiency(np.zeros(3)) is None


def test_efficiencies_are_those_of_scipy():

    counts = np.random.default_rng(1).zipf(1.5, 300)
    p = counts / counts.sum()
    assert distribution.shannon_efficiency(counts) == pytest.approx(entropy(counts) / np.log(300), abs=1e-12)
    assert distribution.renyi_efficiency(counts) == pytest.approx(
        np.log((p**2.5).sum()) / -1.5 / np.log(300), abs=1e-12
    )


def test_how_the_vocabulary_is_used():
    found = distribution.type_metrics(np.array([1, 0, 4, 1]), 8)
    assert found["utilisation"] == 3 / 8 and found["type_token_ratio"] == 3 / 6
    assert found["average_rank"] == pytest.approx((4 * 1 + 1 * 2 + 1 * 3) / 6)
    assert set(distribution.type_metrics(np.zeros(4, int), 8).values()) == {None}
