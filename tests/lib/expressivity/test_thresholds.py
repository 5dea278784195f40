"""The theorems of Zeng & Lee (2024) on models with random weights, in float64."""

import pytest
import torch

from lib.expressivity.chain import product, updated
from lib.expressivity.feedforward import FeedForward
from lib.expressivity.fitting import trained
from lib.expressivity.linear import Linear
from lib.expressivity.transformer import Transformer

DIMENSION = 16
SEEDS = range(3)
ORDERS = 1e-10


def errors(model, rank):
    return model.error(model.constructed(rank), model.inputs(64, "held out"))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_what_is_left_of_a_product_is_the_next_singular_value(depth):
    model = Linear(DIMENSION, depth, SEEDS)
    assert model.threshold == DIMENSION // depth
    layers = list(model.frozen.values())
    values = torch.linalg.svdvals(model.target["W.0"] - product(layers))
    for rank in range(1, model.threshold):
        wanted = values[:, rank * depth]
        torch.testing.assert_close(errors(model, rank), wanted, rtol=1e-8, atol=0)
        torch.testing.assert_close(model.bound(rank), wanted)
    # What inverting products of four random matrices costs in digits.
    assert errors(model, model.threshold).max() < 1e-9 * errors(model, model.threshold - 1).min()
    assert (model.bound(model.threshold) == 0).all()


def test_a_difference_of_low_rank_needs_no_more():
    torch.manual_seed(0)
    layers = [torch.randn(8, 8, dtype=torch.float64) for _ in range(2)]
    apart = torch.randn(8, 3, dtype=torch.float64) @ torch.randn(3, 8, dtype=torch.float64)
    target = product(layers) + apart
    for rank, exact in ((1, False), (2, True)):  # 2 updates of rank 1 reach 2 < 3, of rank 2 they reach 3
        found = product(updated(layers, target, rank))
        assert torch.allclose(found, target, atol=1e-9) == exact


@pytest.mark.parametrize("model", [Linear(DIMENSION, 2, SEEDS), Transformer(DIMENSION, 2, SEEDS)])
@pytest.mark.parametrize("rank", [1, 3, 8])
def test_no_update_is_of_a_higher_rank(model, rank):
    found = model.constructed(rank)
    for name, before in model.frozen.items():
        if name in model.low_rank:
            values = torch.linalg.svdvals(found[name] - before)
            assert (values[..., rank:] < 1e-9 * values[..., :1]).all()
        elif not name.startswith("b"):
            assert torch.equal(found[name], before)


@pytest.mark.parametrize(("kind", "depth"), [(FeedForward, 4), (Transformer, 1), (Transformer, 2)])
def test_at_half_the_dimension_the_error_falls_by_ten_orders(kind, depth):
    model = kind(DIMENSION, depth, SEEDS)
    assert model.threshold == DIMENSION // 2
    below, at = errors(model, model.threshold - 1), errors(model, model.threshold)
    assert (at < ORDERS * below).all() and (below > 1e-4).all()


def test_the_transformer_is_that_of_the_paper():
    """Columns one by one, as the paper writes it."""
    model = Transformer(6, 1, [0])
    weights = {name: weight[0] for name, weight in model.frozen.items()}
    sequence = model.inputs(2, "test")[0, :, 1]  # (D, T)
    heads = torch.zeros_like(sequence)
    for head in range(2):
        query, key, value, out = (weights[f"{part}.0"][head] for part in ("WQ", "WK", "WV", "WO"))
        shares = (sequence.T @ key @ query @ sequence).softmax(0)
        heads += out @ value @ sequence @ shares
    hidden = (weights["W1.0"] @ heads + weights["b1.0"]).relu()
    wanted = weights["Wout"] @ (weights["W2.0"] @ hidden + weights["b2.0"])
    found = model.run(model.frozen, model.inputs(2, "test"))[0].unflatten(-1, (2, -1))[:, 1]
    torch.testing.assert_close(found, wanted)


def test_training_stays_within_its_rank_and_above_the_bound():
    model, ranks = Linear(DIMENSION, 2, SEEDS), [1, 2, 8]
    weights = trained(model, ranks, 0.03, 200, lambda _: None)
    found = model.error(weights, model.inputs(1, "held out"))
    for number, rank in enumerate(ranks):
        for name, before in model.frozen.items():
            update = weights[name][number] - before
            assert (torch.linalg.matrix_rank(update) == rank).all()
        assert (found[number] > model.bound(rank)).all()
    assert (found[:2] < 1.1 * torch.stack([model.bound(rank) for rank in ranks[:2]])).all()
    assert (found[2] > 1e-6).all()  # the gap to the construction is optimisation


def test_runs_that_are_trained_together_are_trained_alone():
    model = Transformer(4, 1, SEEDS)
    together = trained(model, [1, 2], 0.01, 3, lambda _: None)
    alone = trained(Transformer(4, 1, [1]), [1, 2], 0.01, 3, lambda _: None)
    for name in model.low_rank:
        torch.testing.assert_close(together[name][:, 1:2], alone[name])
        assert not torch.equal(together[name][0], together[name][1])
