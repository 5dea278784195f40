from dataclasses import replace

import pytest
import torch
from tiny_lm import random_model

from lib.adaptation.arm import Arm
from lib.adaptation.attach import add_adapter
from lib.training import digest

ARM = Arm(
    method="lora",
    rank=2,
    alpha=8,
    targets="all-linear",
    learning_rate=1e-2,
    warmup=2,
    weight_decay=0.01,
    clip=1.0,
    scaling=4.0,
    block="lora",
)


def adapted(arm=ARM, seed=0, start=None, base=None):
    return add_adapter((base or random_model("llama")).requires_grad_(False), arm, seed, start)


def trainable(model):
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


@pytest.mark.parametrize(("method", "scaling"), [("lora", 8 / 4), ("rslora", 8 / 2), ("dora", 8 / 4)])
def test_methods(method, scaling):
    arm = replace(ARM, method=method, rank=4)
    model = adapted(arm)
    layers = [module for module in model.modules() if hasattr(module, "lora_A")]
    assert len(layers) == 2 * 7  # every linear layer of both blocks, and not the head
    assert {layer.scaling["default"] for layer in layers} == {scaling}
    assert any("magnitude" in name for name in trainable(model)) == (method == "dora")


def test_the_seed_alone_decides_the_initialisation():
    def initial(seed, disturb=0):
        model = random_model("llama").requires_grad_(False)
        torch.rand(disturb)
        return digest(list(trainable(add_adapter(model, ARM, seed, None)).values()))

    assert initial(0) == initial(0, disturb=5) != initial(1)


def test_only_the_adapter_is_trained_in_float32():
    model = add_adapter(random_model("llama").bfloat16().requires_grad_(False), ARM, 0, None)
    weights = trainable(model)
    assert weights and all("lora_" in name for name in weights)
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    assert {w.dtype for name, w in model.named_parameters() if name not in weights} == {torch.bfloat16}


def test_going_on_from_an_adapter(tmp_path):
    first = adapted(seed=0)
    with torch.no_grad():
        for weight in trainable(first).values():
            weight.add_(0.1)
    first.save_pretrained(tmp_path / "adapter")
    second = adapted(seed=1, start=tmp_path / "adapter")
    expected = digest(list(trainable(first).values()))
    assert digest(list(trainable(second).values())) == expected
