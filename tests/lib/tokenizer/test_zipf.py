import numpy as np
import pytest

from lib.tokenizer import zipf


def counts(alpha_1, alpha_2, knee, types=20000, tokens=10**9):
    rank = np.arange(1, types + 1)
    share = np.where(rank <= knee, rank**-alpha_1, knee ** (alpha_2 - alpha_1) * rank**-alpha_2)
    return np.maximum(share / share.sum() * tokens, 1).round().astype(int)


def test_two_regimes_are_recovered():
    found = zipf.fit(np.random.default_rng(0).permutation(counts(0.9, 2.0, 1000)))
    assert found.alpha_1 == pytest.approx(0.9, abs=0.02)
    assert found.alpha_2 == pytest.approx(2.0, abs=0.05)
    assert found.knee == pytest.approx(1000, rel=0.1)
    assert found.delta_bic > 50


def test_one_regime_needs_no_second():
    rng = np.random.default_rng(0)
    noisy = counts(1.0, 1.0, 1000) * np.exp(rng.normal(0, 0.1, 20000))
    found = zipf.fit(noisy)
    assert found.alpha_1 == pytest.approx(found.alpha_2, abs=0.15)
    assert (
        found.delta_bic < zipf.fit(counts(0.9, 2.0, 1000) * np.exp(rng.normal(0, 0.1, 20000))).delta_bic / 5
    )


def test_small_samples_are_refused():
    assert zipf.fit(np.full(1000, 49)) is None
    assert zipf.fit(np.full(5, 100_000)) is None  # too few types


def test_frequencies_of_what_occurs():
    assert zipf.frequencies(np.array([0, 1, 3, 0])).tolist() == [0.75, 0.25]


def test_ranks():
    assert zipf.log_spaced_ranks(5).tolist() == [1, 2, 3, 4, 5]
    many = zipf.log_spaced_ranks(100_000)
    assert len(many) <= 256 and many[0] == 1 and many[-1] == 100_000
