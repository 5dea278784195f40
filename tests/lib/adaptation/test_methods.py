"""Every method: what it trains, that it starts from the base model, and that it comes back as it was."""

import pytest
import torch
from safetensors.torch import load_file
from tiny_arms import SETTINGS, arm, trainable
from tiny_lm import SMALL, random_model

from lib.adaptation import saved
from lib.adaptation.methods import METHODS
from lib.adaptation.reading import adapted
from lib.cli import UserError
from lib.training import digest

TEXT = torch.arange(3, 40)[None]
CALM = {**SMALL, "initializer_range": 0.1}  # values near 1, of which float32 keeps seven digits
HIDDEN, MIDDLE, KEYS, LAYERS, VOCABULARY = 32, 48, 16, 2, 300


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


def base(kind="llama"):
    return random_model(kind, **CALM)


def attached(method, model=None, seed=0, start=None, **changes):
    return METHODS[method].attach(model or base(), arm(method, **changes), seed, start)


def changed(network):
    """The network with all that trains moved a little."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in trainable(network).values():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
    return network


def finish(method, network):
    """The network after its last link, as training leaves it."""
    if chain := METHODS[method].chain(network, arm(method), 0):
        chain.fold(chain.links - 1)
    return network


@torch.no_grad()
def logits(model):
    return model(TEXT).logits


def test_the_tests_know_every_method():
    assert SETTINGS.keys() == METHODS.keys()


# By hand, for each of the two layers: queries and outputs 32 to 32, keys and values 32 to 16, gates and
# inputs of the feed-forward block 32 to 48, its outputs 48 to 32.
ENDS = 2 * (32 + 32) + 2 * (32 + 16) + 3 * (32 + 48)
OUTPUTS = 2 * 32 + 2 * 16 + 2 * 48 + 32
COUNTS = {
    "lora": LAYERS * 2 * ENDS,
    "rslora": LAYERS * 2 * ENDS,
    "dora": LAYERS * (2 * ENDS + OUTPUTS),
    "vera": LAYERS * (7 * 8 + OUTPUTS),
    "ia3": LAYERS * (16 + 16 + 48),
    "rac": LAYERS * 2 * OUTPUTS,
    "bottleneck": LAYERS * (2 * 32 * 4 + 4 + 32),
    # Embeddings and head, the weights of the layers, two norms each and the last one.
    "full": 2 * 300 * 32 + LAYERS * (2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 48 + 2 * 32) + 32,
}


@pytest.mark.parametrize("method", METHODS)
def test_as_many_parameters_train_as_the_shapes_say(method):
    counted = METHODS[method].parameters(base(), arm(method))
    assert counted == COUNTS[method]
    assert sum(weight.numel() for weight in trainable(attached(method)).values()) == counted


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_fresh_adapter_changes_nothing(method, kind):
    assert torch.equal(logits(attached(method, base(kind))), logits(base(kind)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_what_is_saved_comes_back(tmp_path, method, kind):
    trained = finish(method, changed(attached(method, base(kind))))
    METHODS[method].save(trained, tmp_path)
    expected, before = logits(trained), logits(base(kind))
    assert (expected - before).abs().max() > 1e-2
    read = adapted(base(kind), tmp_path)
    assert torch.allclose(logits(read), expected, rtol=0, atol=1e-5)
    # Merged into the weights, there is nothing but the model; a bottleneck is not linear, and stays.
    assert saved.merges(tmp_path) == (method != "bottleneck")
    if saved.merges(tmp_path):
        assert [name for name, _ in read.named_parameters()] == [
            name for name, _ in base(kind).named_parameters()
        ]


@pytest.mark.parametrize("method", METHODS)
def test_training_goes_on_from_what_is_saved(tmp_path, method):
    first = finish(method, changed(attached(method)))
    METHODS[method].save(first, tmp_path)
    second = attached(method, seed=1, start=tmp_path)
    assert torch.equal(logits(second), logits(first))
    assert trainable(second).keys() == trainable(first).keys()
    if method != "rac":  # whose links are new ones
        METHODS[method].save(second, tmp_path / "again")
        one, other = load_file(tmp_path / saved.WEIGHTS), load_file(tmp_path / "again" / saved.WEIGHTS)
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_alone_decides_the_initialisation(method):
    def initial(seed, disturb=0):
        torch.rand(disturb)
        return digest(list(METHODS[method].state(attached(method, seed=seed)).values()))

    assert initial(0) == initial(0, disturb=5)
    assert (initial(0) != initial(1)) == (method not in ("ia3", "full"))  # these draw nothing


@pytest.mark.parametrize("method", METHODS)
def test_what_trains_is_float32_and_the_rest_as_it_was(method):
    model = attached(method, base().bfloat16())
    trained = trainable(model)
    assert {weight.dtype for weight in trained.values()} == {torch.float32}
    rest = {
        name: w.dtype for name, w in model.named_parameters() if name not in trained and "lora_" not in name
    }
    assert set(rest.values()) == (set() if METHODS[method].whole else {torch.bfloat16})
    assert torch.isfinite(logits(changed(model))).all()


@pytest.mark.parametrize(("method", "scaling"), [("lora", 8 / 4), ("rslora", 8 / 2), ("dora", 8 / 4)])
def test_the_update_is_scaled_by_the_rule(method, scaling):
    layers = [module for module in attached(method, rank=4).modules() if hasattr(module, "lora_A")]
    assert len(layers) == 2 * 7  # every linear layer of both blocks, and not the head
    assert {layer.scaling["default"] for layer in layers} == {scaling} == {arm(method, rank=4).scaling}
    assert arm(method, rank=4, alpha=None, alpha_per_rank=2).scaling == (4 if method == "rslora" else 2)


def test_a_method_without_a_rank_or_a_factor_has_no_scaling():
    assert arm("full").scaling is arm("vera").scaling is arm("lora", rank=None).scaling is None


def test_ia3_scales_keys_values_and_what_enters_the_last_matrix(tmp_path):
    network = changed(attached("ia3"))
    METHODS["ia3"].save(network, tmp_path)
    factors = load_file(tmp_path / saved.WEIGHTS)
    slow = base()
    with torch.no_grad():
        for name, vector in factors.items():
            place = name.removeprefix("base_model.model.").removesuffix(".ia3_l")
            weight = slow.get_submodule(place).weight
            weight.mul_(vector)  # (outputs, 1) or (1, inputs)
    ends = {name.split(".")[-2] for name in factors}
    assert ends == {"k_proj", "v_proj", "down_proj"}
    assert torch.allclose(logits(slow), logits(network), rtol=0, atol=1e-5)


def test_ia3_needs_a_kind_that_peft_knows():
    model = base()
    model.config.model_type = "strange"
    with pytest.raises(UserError, match=r"lora\.arms\.ia3: PEFT does not know .* kind 'strange'"):
        attached("ia3", model)


def test_a_failure_is_no_adapter(tmp_path):
    saved.write_failure(tmp_path, "lora", "diverged", "the loss is nan")
    assert saved.failure(tmp_path) == ("diverged", "the loss is nan")
    with pytest.raises(
        UserError, match="there is no adapter, its training ended as diverged: the loss is nan"
    ):
        adapted(base(), tmp_path)
