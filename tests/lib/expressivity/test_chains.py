"""Chains of low-rank updates on quadratics: the rate of RAC-LoRA, and an example on which LoRA fails."""

import numpy as np
import pytest

from lib.expressivity.chains import METHODS, counterexample, isotropic


@pytest.mark.parametrize("rank", [1, 2, 4, 8])
def test_rac_falls_by_its_rank_over_the_dimension_in_each_step(rank):
    found = isotropic(16, rank, 20, 3000, seed=rank)[:, -1]
    theory = (1 - rank / 16) ** 20
    if rank <= 4:
        assert found.mean() == pytest.approx(theory, rel=0.05)
    assert abs(found.mean() - theory) < 3 * found.std(ddof=1) / np.sqrt(len(found))


def test_a_chain_of_full_rank_arrives_in_one_step():
    assert isotropic(6, 6, 1, 4, seed=0)[:, -1].max() < 1e-20


@pytest.fixture(scope="module")
def ends():
    return {method: counterexample(method, 300, 200, seed=0)[:, -1] for method in METHODS}


def test_rac_converges_where_gradient_descent_does(ends):
    assert (ends["full"] < 1e-20).all() and (ends["rac"] < 1e-7).all()


def test_lora_stops_at_its_rank_or_diverges(ends):
    diverged = np.isnan(ends["lora"])
    assert 0.02 < diverged.mean() < 0.5
    # The identity less the best matrix of rank 1 leaves two of its three ones: 2 / (10 + 1 + 1).
    assert ends["lora"][~diverged].min() == pytest.approx(2 / 12, rel=0.01)


def test_a_chain_of_lora_diverges_sooner_or_later(ends):
    assert np.isnan(ends["cola"]).mean() > 0.5


def test_one_frozen_factor_stops_short(ends):
    assert not np.isnan(ends["asymmetric"]).any() and ends["asymmetric"].min() > 0.15
