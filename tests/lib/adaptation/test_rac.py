"""The chain against a loop that merges each link into the weights, as the paper writes it."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from tiny_arms import arm
from tiny_lm import random_model
from torch.func import functional_call

from lib.adaptation import saved
from lib.adaptation.methods import METHODS
from lib.adaptation.rac import LINK, Links
from lib.cli import UserError
from lib.models.side_by_side import share_sequences
from lib.packing import CHUNK_TOKENS, Row, pack, target_loss
from lib.run import Budget, learning_rate, order
from lib.training import Checkpoint, train

RAC = METHODS["rac"]
ARM = arm("rac", rank=2, links=3, alpha=8)
BUDGET = Budget(steps=6, rows=3)
ROWS = [Row([n % 5 + 1, 9, 7], [n + 20, n + 21, 2][: 2 + n % 2]) for n in range(8)]


class Plain(torch.nn.Module):
    """A model whose adapted weights are given with each call."""

    def __init__(self, model, weights):
        super().__init__()
        self.inner, self.weights = model, weights

    def forward(self, **batch):
        return functional_call(self.inner, self.weights, kwargs=batch, tie_weights=False)


def merged_link_by_link(model, draws):
    """Final weights of the adapted modules: each link is trained on its own, then added to them."""
    weights = {name: model.get_submodule(name).weight.detach().clone() for name in draws}
    steps = list(order(ROWS, 0, BUDGET))
    share_sequences(model, CHUNK_TOKENS)
    for link in range(ARM.links):
        frozen = {name: draws[name][2 * link : 2 * link + 2] for name in draws}
        trained = {name: weights[name].new_zeros(len(weights[name]), 2, requires_grad=True) for name in draws}
        optimizer = torch.optim.AdamW(trained.values(), weight_decay=ARM.weight_decay)

        def updated(name, weights=weights, frozen=frozen, trained=trained):
            return weights[name] + ARM.scaling * trained[name] @ frozen[name]

        for step in (2 * link, 2 * link + 1):
            optimizer.param_groups[0]["lr"] = learning_rate(ARM, BUDGET, step)
            optimizer.zero_grad()
            rows = [ROWS[index] for index in steps[step]]
            plain = Plain(model, {f"{name}.weight": updated(name) for name in draws})
            (target_loss(plain, pack(rows)) / sum(len(row.target) for row in rows)).backward()
            torch.nn.utils.clip_grad_norm_(trained.values(), ARM.clip)
            optimizer.step()
        weights = {name: updated(name).detach() for name in draws}
    return weights


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a chain of three links, trained in float64."""
    folder = tmp_path_factory.mktemp("rac")
    network = RAC.attach(random_model("llama").double(), ARM, 0, None)
    checkpoint = Checkpoint(folder / "checkpoint.pt", "this", 100)
    chain = RAC.chain(network, ARM, 0)
    train(network, ROWS, ARM, BUDGET, 0, checkpoint, lambda *_: None, chain=chain)
    RAC.save(network, folder)
    return folder


def test_the_chain_is_what_merging_comes_to(trained):
    tensors = load_file(trained / saved.WEIGHTS)
    place = "base_model.model.{}.lora_{}.weight"
    draws = {
        name.removeprefix("base_model.model.").removesuffix(".lora_A.weight"): tensor
        for name, tensor in tensors.items()
        if "lora_A" in name
    }
    assert len(draws) == 2 * 7
    model = random_model("llama").double()
    expected = merged_link_by_link(model, draws)
    for name, rows in draws.items():
        whole = model.get_submodule(name).weight + ARM.scaling * tensors[place.format(name, "B")] @ rows
        assert (expected[name] - model.get_submodule(name).weight).abs().max() > 1e-3
        assert torch.allclose(whole, expected[name], rtol=0, atol=1e-7), name


def test_the_folder_is_a_lora_of_all_links(trained):
    settings = saved.settings(trained)
    assert (settings["peft_type"], settings["r"], settings["lora_alpha"]) == ("LORA", 6, 6 * ARM.scaling)


def test_frozen_factors_are_orthonormal_and_new_in_each_link():
    network = RAC.attach(random_model("llama"), ARM, 0, None)
    drawn = []
    for link in range(3):
        Links(network, ARM, 0).renew(link)
        drawn += [layer.lora_A[LINK].weight.clone() for layer in Links(network, ARM, 0).layers.values()]
    for rows in drawn:
        assert torch.allclose(rows @ rows.T, torch.eye(2), atol=1e-5)
    assert len({tuple(rows.flatten().tolist()) for rows in drawn}) == 3 * 2 * 7
    Links(network, ARM, 1).renew(2)
    other = next(iter(Links(network, ARM, 1).layers.values())).lora_A[LINK].weight
    assert not torch.equal(other, drawn[2 * 14])


def test_draws_favour_no_direction():
    """The mean of A^T A over draws is r / n times the identity: the H of the paper, at its smallest n / r."""
    network = RAC.attach(random_model("llama"), replace(ARM, targets=["q_proj"]), 0, None)
    links = Links(network, ARM, 0)
    mean = torch.zeros(32, 32)
    for number in range(600):
        links.renew(number)
        for layer in links.layers.values():
            mean += layer.lora_A[LINK].weight.T @ layer.lora_A[LINK].weight / 1200
    assert torch.allclose(mean, 2 / 32 * torch.eye(32), atol=0.02)


def test_a_chain_goes_on_with_new_links(trained):
    network = RAC.attach(random_model("llama"), ARM, 0, trained)
    links = Links(network, ARM, 0)
    tensors = load_file(trained / saved.WEIGHTS)
    for name, layer in links.layers.items():
        before = tensors[f"{name}.lora_A.weight"].float()
        assert layer.lora_A["default"].weight.shape[0] == 12
        assert torch.equal(layer.lora_A["default"].weight[:6], before)
        assert not torch.equal(layer.lora_A[LINK].weight, before[:2])


def test_a_rank_above_the_width_of_a_module():
    with pytest.raises(UserError, match=r"lora\.arms\.rac: rank 33 is above 32"):
        RAC.attach(random_model("llama"), arm("rac", rank=33), 0, None)
