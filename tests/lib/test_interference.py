"""Gradients of tasks: on a model small enough to know them, and on a real architecture against autograd."""

import numpy as np
import pytest
import torch
from tiny_lm import random_model

from lib import interference, likelihood
from lib.models.matrices import linear
from lib.packing import Row, pack, target_loss

ROWS = [Row([5, 6, 7], [8, 9]), Row([11], [12, 13, 14]), Row([15, 16], [17]), Row([21, 22], [23, 24])]
BATCHES = [ROWS[:2], ROWS[2:3], ROWS[3:]]


def whole(inner):
    return interference.compared(inner, np.ones((1, *inner.shape[:2])))


def gradients(model, batch):
    """Of every linear matrix, by autograd, rows one at a time."""
    model.requires_grad_(False)
    weights = {name: module.weight.requires_grad_() for name, module in linear(model).items()}
    loss = sum(target_loss(model, pack([row])) for row in batch) / sum(len(row.target) for row in batch)
    return dict(zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True))


@pytest.mark.parametrize("tokens", [256, 8])  # a batch at once, or row by row
def test_inner_products_are_those_of_autograd(tokens, monkeypatch):
    monkeypatch.setattr(interference, "CHUNK_TOKENS", tokens)
    model = random_model("llama")
    wanted = [gradients(model, batch) for batch in BATCHES]
    found = dict(interference.products(model, linear(model), BATCHES, lambda _: None))
    assert list(found) == list(linear(model))
    for name, inner in found.items():
        flat = torch.stack([of[name].flatten() for of in wanted]).double()
        np.testing.assert_allclose(inner, (flat @ flat.T).numpy(), rtol=1e-4, atol=1e-5)


def test_layers_in_parts_are_all_layers_once(monkeypatch):
    model = random_model("llama")
    monkeypatch.setattr(interference, "PASS_BYTES", 4 * 20 * 200)
    parts = interference.parts(linear(model), BATCHES, 4)
    assert 1 < len(parts) < len(linear(model))
    assert [name for part in parts for name in part] == list(linear(model))
    assert {name: inner.tolist() for part in parts for name, inner in products(model, part)} == {
        name: inner.tolist() for name, inner in products(model, linear(model))
    }


def products(model, modules):
    return interference.products(model, modules, BATCHES, lambda _: None)


def test_a_layer_that_no_token_went_through_has_zeros_where_its_weight_is():
    model = random_model("llama")
    idle = torch.nn.Linear(4, 3)
    found = dict(interference.products(model, {**linear(model), "idle": idle}, BATCHES, lambda _: None))
    np.testing.assert_array_equal(found["idle"], np.zeros((3, 3)))
    zeros = interference._gradient([], idle.to("meta", torch.bfloat16))
    assert (zeros.device.type, zeros.dtype, zeros.shape) == ("meta", torch.bfloat16, (4, 3))


def test_cosines_of_gradients_that_are_known():
    """Four tasks of two batches each, without noise: along, orthogonal, against, and twice as long."""
    along, across = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    of_batches = np.array([[along] * 2, [across] * 2, [-along] * 2, [2 * along] * 2])
    found = whole(np.einsum("ibk,jck->ibjc", of_batches, of_batches))
    wanted = [[1, 0, -1, 1], [0, 1, 0, 0], [-1, 0, 1, -1], [1, 0, -1, 1]]
    np.testing.assert_allclose(found.cosine[0], wanted, atol=1e-12)
    np.testing.assert_allclose(found.ceiling[0], np.ones((4, 4)))
    np.testing.assert_allclose(found.corrected[0], wanted, atol=1e-12)


def test_all_halves_are_averaged_over():
    """Four batches a task: every pair of them against every pair, or against the other two."""
    rng = np.random.default_rng(0)
    of_batches = rng.normal(size=(2, 4, 3)) + 1
    halves = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    means = np.array([[of[list(half)].mean(0) for half in halves] for of in of_batches])
    norms = np.sqrt(np.square(means).sum(-1).mean(-1))
    between = np.mean([a @ b for a in means[0] for b in means[1]]) / norms.prod()
    within = [np.mean([of[k] @ of[5 - k] for k in range(6)]) for of in means]  # 5 - k: the other half
    found = whole(np.einsum("ibk,jck->ibjc", of_batches, of_batches))
    assert found.cosine[0, 0, 1] == pytest.approx(between)
    np.testing.assert_allclose(found.cosine[0].diagonal(), np.array(within) / norms**2)
    assert found.corrected[0, 0, 1] == pytest.approx(between * norms.prod() / np.sqrt(np.prod(within)))


def test_correction_recovers_a_cosine_under_noise():
    """True cosine 0.6; noise makes half a task's squared gradient, so that the raw one is far below."""
    rng = np.random.default_rng(0)
    size, batches = 4000, 8
    first = rng.normal(size=size)
    second = 0.6 * first + 0.8 * rng.normal(size=size)
    truth = np.stack([first, second])
    truth[1] *= 3  # norms do not matter
    noise = rng.normal(size=(2, batches, size)) * np.array([2.0, 6.0])[:, None, None]
    of_batches = truth[:, None] + noise
    found = whole(np.einsum("ibk,jck->ibjc", of_batches, of_batches))
    assert found.cosine[0, 0, 1] == pytest.approx(0.3, abs=0.03)
    np.testing.assert_allclose(found.ceiling[0], 0.5 * np.ones((2, 2)), atol=0.05)
    assert found.corrected[0, 0, 1] == pytest.approx(0.6, abs=0.05)


def test_noise_alone_has_no_ceiling():
    rng = np.random.default_rng(3)
    of_batches = rng.normal(size=(2, 8, 5))
    of_batches[0] -= of_batches[0].mean(0)  # the batches of the first task cancel
    found = whole(np.einsum("ibk,jck->ibjc", of_batches, of_batches))
    assert np.isnan(found.ceiling[0, 0]).all() and np.isnan(found.corrected[0, 0]).all()
    assert np.isfinite(found.cosine).all()


def test_a_resample_never_pairs_a_batch_with_itself():
    """The samples of orthogonal batches show no agreement, however often a batch is drawn."""
    of_batches = np.eye(4)[None]
    inner = np.einsum("ibk,jck->ibjc", of_batches, of_batches)
    found = interference.compared(inner, interference.resampled(4, ["one"], 50, seed=0))
    drawn_at_all = np.isfinite(found.cosine[:, 0, 0])
    np.testing.assert_allclose(found.cosine[drawn_at_all, 0, 0], 0, atol=1e-12)


def test_tasks_are_resampled_apart_and_alike_whatever_the_others():
    both = interference.resampled(8, ["one", "two"], 20, seed=0)
    assert both.shape == (20, 2, 8) and (both.sum(-1) == 8).all()
    assert not np.array_equal(both[:, 0], both[:, 1])
    np.testing.assert_array_equal(both[:, 1:], interference.resampled(8, ["two"], 20, seed=0))


def test_steps_go_down_the_gradient_and_leave_the_model_as_it_was():
    model, length = random_model("llama"), 1e-3
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    norm = np.sqrt(sum(before[f"{name}.weight"].square().sum().item() for name in linear(model)))
    tasks = {"first": ROWS[:2], "second": ROWS[2:]}
    slopes = {task: gradients(model, rows) for task, rows in tasks.items()}
    start = {task: sum(likelihood.losses(model, rows)) for task, rows in tasks.items()}
    for task in interference.steps(model, linear(model), tasks, length):
        total = np.sqrt(sum(slope.square().sum().item() for slope in slopes[task].values()))
        for name, slope in slopes[task].items():
            moved = model.get_submodule(name).weight.detach() - before[f"{name}.weight"]
            torch.testing.assert_close(moved, -length * norm / total * slope, atol=1e-7, rtol=1e-3)
        assert sum(likelihood.losses(model, tasks[task])) < start[task]
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name])
        assert weight.grad is None


def test_losses_of_rows_in_parts(monkeypatch):
    model = random_model("llama")
    together = likelihood.losses(model, ROWS)
    monkeypatch.setattr(likelihood, "CHUNK_TOKENS", 8)
    np.testing.assert_allclose(likelihood.losses(model, ROWS), together, rtol=1e-5)
