import pytest
from tiny_lm import SMALL, random_model

from lib.adaptation.targets import chosen, feed_forward, sizes
from lib.cli import UserError


def ends(model, targets):
    return {name.split(".", 3)[-1] if "layers" in name else name for name in chosen(model, targets, "key")}


ATTENTION = {f"self_attn.{name}_proj" for name in "qkvo"}
MLP = {f"mlp.{name}_proj" for name in ("gate", "up", "down")}


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ("all-linear", ATTENTION | MLP),
        ("attention", ATTENTION),
        ("mlp", MLP),
        (["q_proj", "mlp.down_proj"], {"self_attn.q_proj", "mlp.down_proj"}),
    ],
)
def test_targets_are_modules(targets, expected):
    model = random_model("llama")
    assert ends(model, targets) == expected
    assert len(chosen(model, targets, "key")) == 2 * len(expected)  # in both layers


def test_modules_of_one_name_are_told_apart():
    model = random_model("gpt2", **SMALL)
    both = {"c_attn", "c_proj", "c_fc"}
    assert {name.rsplit(".", 1)[-1] for name in chosen(model, "all-linear", "key")} == both
    assert [name for name in chosen(model, "mlp", "key") if "attn" in name] == []
    assert {name.split(".")[-2] for name in chosen(model, ["c_proj"], "key")} == {"attn", "mlp"}
    (block, *_) = feed_forward(model).values()
    assert sizes(block.c_fc) == (32, 128)  # inputs first, as for all linear modules


def test_a_name_that_fits_nothing():
    message = r"lora\.arms\.x\.targets: 'qproj' fits no linear module .* modules are down_proj, gate_proj"
    with pytest.raises(UserError, match=message):
        chosen(random_model("llama"), ["k_proj", "qproj"], "lora.arms.x")


def test_a_model_without_feed_forward_blocks():
    model = random_model("opt", vocab_size=50, hidden_size=8, ffn_dim=8, num_attention_heads=1)
    with pytest.raises(UserError, match="has no feed-forward blocks named mlp, feed_forward, ffn"):
        feed_forward(model)
    with pytest.raises(UserError, match="'mlp' fits no linear module"):
        chosen(model, "mlp", "key")
