import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_lm import SMALL, random_model

from lib.adaptation.fused import Span, fused, reads_spans

TOKENS = torch.arange(24)[None] + 3


def adapted(kind="llama", adapters=("default",), dtype=torch.float32, **settings):
    """A model with adapters of ranks 2, 3, ..., whose updates are not zero."""
    torch.manual_seed(1)
    model = random_model(kind, **SMALL).to(dtype).requires_grad_(False)
    for extra, name in enumerate(adapters):
        config = LoraConfig(r=2 + extra, lora_alpha=3, target_modules="all-linear", **settings)
        if extra == 0:
            model = get_peft_model(model, config, adapter_name=name)
        else:
            model.add_adapter(name, config)
    model.set_requires_grad(list(adapters), True)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    return model.eval()


def trained(model):
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def read(model, tokens=TOKENS):
    """Logits, and the gradients of a loss over them."""
    model.zero_grad()
    logits = model(tokens).logits.float()
    logits.logsumexp(-1).square().mean().backward()
    return logits.detach(), {name: weight.grad for name, weight in trained(model).items()}


def assert_close(found, expected, rel):
    for one, other in [(found[0], expected[0]), *((found[1][name], expected[1][name]) for name in found[1])]:
        assert one.dtype == other.dtype
        assert (one - other).abs().max() <= rel * other.abs().max()


# GPT-2's layers are no linear ones, and stay as they are; GPT-NeoX's have a bias.
@pytest.mark.parametrize("kind", ["llama", "gpt_neox", "gpt2"])
def test_logits_and_gradients_are_those_of_peft(kind):
    model = adapted(kind)
    expected = read(model)
    with fused(model.get_base_model()):
        replaced = ["forward" in vars(layer) for layer in model.modules() if hasattr(layer, "lora_A")]
        assert len(replaced) >= 8 and set(replaced) == {kind != "gpt2"}
        assert reads_spans(model) == (kind != "gpt2")
        assert_close(read(model), expected, 1e-6 if kind == "gpt2" else 1e-5)
    assert not any("forward" in vars(layer) for layer in model.modules())


def test_weights_of_the_adapter_stay_in_float32_beside_a_model_in_bfloat16():
    model = adapted(dtype=torch.bfloat16)
    theirs = read(model)
    with fused(model):
        found = read(model)
    exact = read(model.float())

    def distance(one):
        pairs = [(one[0], exact[0]), *((one[1][name], exact[1][name]) for name in one[1])]
        return torch.stack([(a - b).norm() / b.norm() for a, b in pairs]).mean()

    assert {gradient.dtype for gradient in found[1].values()} == {torch.float32}
    assert 0.001 < distance(found) < 1.2 * distance(theirs)  # their low-rank path is in float32


def test_autocast_reaches_the_products():
    model = adapted()
    seen = []
    layer = next(layer for layer in model.modules() if hasattr(layer, "lora_A"))
    layer.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    with fused(model):
        with torch.autocast("cpu", torch.bfloat16):
            found = read(model)
        exact = read(model)
    assert seen == [torch.bfloat16, torch.float32]
    assert (found[0] - exact[0]).abs().max() < 0.1 * exact[0].abs().max()


@pytest.mark.parametrize("settings", [{"use_dora": True}, {"lora_dropout": 0.5}, {"lora_bias": True}])
def test_other_layers_stay_as_they_are(settings):
    model = adapted(**settings)
    with fused(model):
        assert not any("forward" in vars(layer) for layer in model.modules())
    assert not reads_spans(model)


def test_a_model_with_one_layer_of_another_kind_does_not_read_spans():
    model = adapted()
    assert reads_spans(model)
    model.base_model.model.model.layers[1].mlp.down_proj.lora_dropout["default"] = torch.nn.Dropout(0.5)
    assert not reads_spans(model)


def test_a_frozen_factor_gets_no_gradient():
    model = adapted()
    for name, weight in model.named_parameters():
        if "lora_A" in name:
            weight.requires_grad_(False)
    with fused(model):
        _, gradients = read(model)
    assert gradients and all("lora_B" in name for name in gradients)


def test_each_adapter_reads_its_span():
    model = adapted(adapters=("one", "two"))
    alone = {}
    for name in ("one", "two"):
        model.set_adapter(name)
        model.set_requires_grad(["one", "two"], True)
        alone[name] = read(model, TOKENS[:, :12])
    layer = next(layer for layer in model.modules() if hasattr(layer, "lora_A"))
    x = torch.randn(5, layer.in_features)
    with fused(model) as spans:
        spans[:] = [Span("one", 0, 2), Span("two", 2, 4)]
        found = layer(x)
        base = layer.base_layer(x)
        spans[:] = [Span("two", 0, 5)]
        by_two = layer(x)
        spans[:] = [Span("one", 0, 5)]
        by_one = layer(x)
        spans[:] = [Span("two", 0, 12)]
        second = read(model, TOKENS[:, :12])
    expected = torch.cat([by_one[:2], by_two[2:4], base[4:]])  # the last token is no one's
    assert torch.allclose(found, expected, atol=1e-5)
    assert all(not torch.allclose(one, two, atol=1e-3) for one in (by_one, base) for two in (by_two,))
    read_by_two = {name: grad for name, grad in second[1].items() if ".two." in name}
    assert_close((second[0], read_by_two), alone["two"], 1e-5)
    assert all(grad is None for name, grad in second[1].items() if ".one." in name)


def test_several_active_adapters_add_up():
    model = adapted(adapters=("one", "two"))
    model.base_model.set_adapter(["one", "two"])
    expected = read(model)
    with fused(model):
        assert_close(read(model), expected, 1e-5)
