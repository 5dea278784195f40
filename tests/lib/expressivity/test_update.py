"""Updates of known rank, and a model that is cut back to less of one."""

import numpy as np
import pytest
import torch
from tiny_lm import SMALL, random_model

from lib.adaptation import saved
from lib.expressivity import distributions, update
from lib.models.matrices import Place, linear, place
from lib.packing import Row

ROWS = [Row([5, 6, 7], [8, 9]), Row([11], [12, 13, 14]), Row([15, 16], [17])]


@pytest.fixture
def tuned(tmp_path):
    """A model and the folder of its full fine-tuning, in which everything changed a little."""
    model = random_model("llama")
    torch.manual_seed(1)
    with torch.no_grad():
        after = {name: weight + 0.1 * torch.randn_like(weight) for name, weight in model.named_parameters()}
    saved.write(tmp_path, {"method": "full"}, after)
    return model, tmp_path, after


def losses(model):
    found = distributions.log_probabilities(model, ROWS)
    return [distributions.loss(one, row.target) for one, row in zip(found, ROWS, strict=True)]


def test_spectrum_of_a_matrix_of_rank_two():
    """3 and 4 along two pairs of orthogonal directions: energies 9 and 16 of 25."""
    rows, columns = torch.eye(5), torch.eye(4)
    matrix = 3 * torch.outer(rows[0], columns[1]) + 4 * torch.outer(rows[2], columns[3])
    values = update.spectrum(matrix)
    np.testing.assert_allclose(values, [4, 3, 0, 0], atol=1e-12)
    np.testing.assert_allclose(update.residuals(values), [3 / 5, 0, 0, 0], atol=1e-12)
    assert update.stable_rank(values) == pytest.approx(25 / 16)
    assert [update.rank_for(values, share) for share in (0.64, 0.65, 0.9, 0.99)] == [1, 2, 2, 2]


def test_a_matrix_that_did_not_change_has_no_rank():
    values = update.spectrum(torch.zeros(3, 4))
    assert np.isnan(update.residuals(values)).all() and np.isnan(update.stable_rank(values))
    assert update.rank_for(values, 0.9) is None


def test_residuals_are_what_truncation_leaves():
    torch.manual_seed(0)
    matrix = torch.randn(6, 9, dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    for rank, residual in enumerate(update.residuals(update.spectrum(matrix)), start=1):
        cut = (left[:, :rank] * values[:rank]) @ right[:rank]
        assert residual == pytest.approx(((matrix - cut).norm() / matrix.norm()).item(), abs=1e-9)


def test_places():
    assert place("model.layers.11.self_attn.q_proj") == Place(11, "q_proj")
    assert place("transformer.h.0.mlp.c_fc") == Place(0, "c_fc")
    assert place("project_in") == Place(None, "project_in")


def test_each_cut_has_its_rank_and_all_else_is_as_it_was_tuned(tuned):
    model, folder, after = tuned
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    matrices = {f"{name}.weight" for name in linear(model)}
    for rank in update.truncations(model, folder, [0, 1, 5]):
        for name, weight in model.named_parameters():
            if name in matrices:
                wanted = update.spectrum(after[name] - before[name])
                np.testing.assert_allclose(
                    update.spectrum(weight.detach() - before[name]),
                    np.where(np.arange(len(wanted)) < rank, wanted, 0),
                    atol=1e-4,
                )
            else:
                assert torch.equal(weight, after[name])


def test_a_cut_at_full_rank_is_the_full_model(tuned):
    model, folder, after = tuned
    full = random_model("llama")
    full.load_state_dict(after, strict=False)
    wanted = losses(full)
    reference = list(distributions.log_probabilities(full, ROWS))
    apart = []
    for _ in update.truncations(model, folder, [0, 4, 16, 32, 1000]):
        found = distributions.log_probabilities(model, ROWS)
        apart.append(
            sum(distributions.divergence(one, other) for one, other in zip(reference, found, strict=True))
        )
    assert losses(model) == pytest.approx(wanted, abs=1e-4)
    assert apart[0] > apart[2] > 0.01 and abs(apart[3]) < 1e-6 and abs(apart[4]) < 1e-6


def test_losses_and_divergences_by_hand(monkeypatch):
    monkeypatch.setattr(distributions, "CHUNK_TOKENS", 8)  # two rows together, then one
    first, second = random_model("llama"), random_model("llama", **{**SMALL, "hidden_size": 16})
    for row, one, other in zip(
        ROWS,
        distributions.log_probabilities(first, ROWS),
        distributions.log_probabilities(second, ROWS),
        strict=True,
    ):
        ids = torch.tensor([[*row.prompt, *row.target]])
        start = len(row.prompt) - 1
        with torch.inference_mode():
            p, q = (model(ids).logits[0, start:-1].softmax(-1) for model in (first, second))
        gold = p[range(len(row.target)), row.target]
        assert distributions.loss(one, row.target) == pytest.approx(-gold.log().sum().item(), abs=1e-4)
        wanted = (p * (p / q).log()).sum().item()
        assert distributions.divergence(one, other) == pytest.approx(wanted, abs=1e-4)
        assert distributions.divergence(one, one) == 0
