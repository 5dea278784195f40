import pytest
import torch
from tiny_arms import arm, trainable
from tiny_lm import SMALL, random_model

from lib.adaptation import saved
from lib.adaptation.bottleneck import Adapter
from lib.adaptation.methods import METHODS
from lib.adaptation.reading import adapted

BOTTLENECK = METHODS["bottleneck"]
TEXT = torch.arange(3, 40)[None]


def put(model, width, generator, start=None):
    network = BOTTLENECK.attach(model, arm("bottleneck", rank=width), 0, start)
    with torch.no_grad():
        for weight in trainable(network).values():
            weight.copy_(0.3 * torch.randn(weight.shape, generator=generator))
    return network


def by_hand(model, stacks):
    """The logits of a model, with adapters written out, at each feed-forward block from the lowest."""

    def through(number):
        def hook(block, inputs, hidden):
            for down, bias, up, offset in stacks[number]:
                inner = hidden @ down.T + bias
                hidden = hidden + inner.clamp(min=0) @ up.T + offset
            return hidden

        return hook

    for number, layer in enumerate(model.model.layers):
        layer.mlp.register_forward_hook(through(number))
    return model(TEXT).logits


def weights(network):
    return [
        [
            (adapter.down.weight, adapter.down.bias, adapter.up.weight, adapter.up.bias)
            for adapter in layer.mlp.adapters
        ]
        for layer in network.model.layers
    ]


@torch.no_grad()
def test_the_adapter_is_the_paper_s(tmp_path):
    network = put(random_model("llama"), 4, torch.Generator().manual_seed(0))
    assert torch.allclose(network(TEXT).logits, by_hand(random_model("llama"), weights(network)), atol=1e-4)


@torch.no_grad()
def test_a_task_adapter_lies_on_a_language_adapter(tmp_path):
    generator = torch.Generator().manual_seed(0)
    BOTTLENECK.save(put(random_model("llama"), 6, generator), tmp_path / "language")
    below = adapted(random_model("llama"), tmp_path / "language")
    language = below(TEXT).logits
    fresh = BOTTLENECK.attach(below, arm("bottleneck", rank=4), 0, None)
    assert torch.equal(fresh(TEXT).logits, language)
    assert sum(weight.numel() for weight in trainable(fresh).values()) == 2 * (2 * 32 * 4 + 4 + 32)

    network = put(adapted(random_model("llama"), tmp_path / "language"), 4, generator)
    expected = by_hand(random_model("llama"), weights(network))
    assert [adapter.down.out_features for adapter in network.model.layers[0].mlp.adapters] == [6, 4]
    assert torch.allclose(network(TEXT).logits, expected, atol=1e-4)

    # The folder holds the stack: it needs no other one, and training goes on in its upper adapter.
    BOTTLENECK.save(network, tmp_path / "task")
    assert saved.settings(tmp_path / "task")["widths"] == [6, 4]
    assert torch.equal(adapted(random_model("llama"), tmp_path / "task")(TEXT).logits, network(TEXT).logits)
    again = BOTTLENECK.attach(random_model("llama"), arm("bottleneck", rank=4), 1, tmp_path / "task")
    assert torch.equal(again(TEXT).logits, network(TEXT).logits)
    assert trainable(again).keys() == trainable(network).keys()
    assert all("adapters.1" in name for name in trainable(again))


def test_an_adapter_is_float32_whatever_it_reads():
    adapter = Adapter(8, 2)
    torch.nn.init.ones_(adapter.up.bias)
    read = torch.randn(3, 8, dtype=torch.bfloat16)
    assert adapter(read).dtype == torch.bfloat16
    assert torch.equal(adapter(read), (read.float() + 1).bfloat16())


@pytest.mark.parametrize("kind", ["gpt2", "lfm2"])
def test_other_architectures_have_feed_forward_blocks_too(kind):
    more = (
        {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False}
        if kind == "lfm2"
        else {}
    )
    model = random_model(kind, **SMALL, **more)
    before = model(TEXT).logits
    network = put(model, 4, torch.Generator().manual_seed(0))
    assert (network(TEXT).logits - before).abs().max() > 1e-2
