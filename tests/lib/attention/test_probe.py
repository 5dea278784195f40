"""The probe inside real architectures, against attention matrices and plain loops."""

import numpy as np
import pytest
import torch
from tiny_lm import SMALL, random_model

from lib.attention import probe
from lib.attention.probe import measure
from lib.attention.reach import Rule
from lib.attention.windows import Windows
from lib.cli import UserError

RULE = Rule(first_query=5, sinks=2, sink_threshold=0.05)
MODELS = {
    "llama": SMALL,
    "gpt2": {
        "vocab_size": 300,
        "n_embd": 32,
        "n_layer": 2,
        "n_head": 4,
        "n_positions": 64,
        "initializer_range": 0.5,
    },
    "mistral": {**SMALL, "sliding_window": 8},
    "qwen2": {
        **SMALL,
        "sliding_window": 8,
        "use_sliding_window": True,
        "layer_types": ["full_attention", "sliding_attention"],
    },
}


def some_windows(length=40, count=3):
    rng = np.random.default_rng(0)
    return Windows(rng.integers(3, 300, (count, length)), rng.integers(1, 9, (count, length)).cumsum(1))


def slow_sums(attention, starts, width=None):
    """The sums of lib.attention.reach from a whole attention matrix (W, H, T, T), one weight at a time."""
    count, heads, length, _ = attention.shape
    sums = {name: np.zeros((count, heads)) for name in ("sink", "mass", "token", "char")}
    means = {name: np.zeros(count) for name in ("null_token", "null_char", "sink_keys")}
    for w in range(count):
        shares = attention[w, :, RULE.first_query :].mean((0, 1))
        sinks = {j for j in range(length) if j < RULE.sinks or shares[j] > RULE.sink_threshold}
        means["sink_keys"][w] = len(sinks)
        nulls = []
        for i in range(RULE.first_query, length):
            others = [j for j in range(i + 1) if j not in sinks and (width is None or i - j < width)]
            if others:
                nulls.append(np.mean([(i - j, starts[w, i] - starts[w, j]) for j in others], axis=0))
            for j in range(length):
                weight = attention[w, :, i, j]
                if j in sinks:
                    sums["sink"][w] += weight
                else:
                    sums["mass"][w] += weight
                    sums["token"][w] += weight * (i - j)
                    sums["char"][w] += weight * (starts[w, i] - starts[w, j])
        means["null_token"][w], means["null_char"][w] = np.mean(nulls, axis=0)
    return {**sums, **means}


@pytest.mark.parametrize("kind", MODELS)
def test_equals_the_attention_matrix(kind, monkeypatch):
    monkeypatch.setattr(probe, "BATCH_TOKENS", 80)  # two windows at a time, then one
    model, windows = random_model(kind, **MODELS[kind]), some_windows()
    model.set_attn_implementation("eager")
    with torch.inference_mode():
        attentions = model(torch.from_numpy(windows.ids), output_attentions=True).attentions
    done = []
    measured = measure(model, windows, RULE, done.append)
    assert done == [2, 1]
    assert list(measured) == [0, 1]
    found = np.array([sums["sink_keys"] for sums in measured.values()])
    assert found.max() > RULE.sinks  # some sinks are beyond the first keys
    for layer, sums in measured.items():
        sliding = kind == "mistral" or (kind == "qwen2" and layer == 1)
        expected = slow_sums(attentions[layer].double().numpy(), windows.starts, 8 if sliding else None)
        assert set(sums) == set(expected)
        for name in expected:
            np.testing.assert_allclose(
                sums[name], expected[name], rtol=1e-5, atol=1e-5, err_msg=f"{layer} {name}"
            )


def test_heads_differ_so_that_the_comparison_means_something():
    sums = measure(random_model("llama"), some_windows(), RULE)[1]
    reach = sums["token"].sum(0) / sums["mass"].sum(0)
    assert len(set(reach.round(2))) == SMALL["num_attention_heads"]


@pytest.mark.parametrize("kind", MODELS)
def test_the_model_computes_what_it_always_computes(kind):
    model, windows, seen = random_model(kind, **MODELS[kind]), some_windows(), []
    hook = model.base_model.register_forward_hook(lambda _, __, out: seen.append(out.last_hidden_state))
    with torch.inference_mode():
        model(torch.from_numpy(windows.ids))
        measure(model, windows, RULE)
        model(torch.from_numpy(windows.ids))  # and does so afterwards
    hook.remove()
    torch.testing.assert_close(seen[1], seen[0])
    torch.testing.assert_close(seen[2], seen[0])


def test_a_model_without_the_attention_interface_is_refused():
    model = random_model("bloom", vocab_size=300, hidden_size=32, n_layer=2, n_head=4)
    with pytest.raises(UserError, match="saw 0 of 2 attention layers"):
        measure(model, some_windows(), RULE)


def test_softcap_is_refused():
    model = random_model("gemma2", **{**SMALL, "head_dim": 8})
    with pytest.raises(UserError, match="caps its attention scores"):
        measure(model, some_windows(), RULE)


def test_learned_sinks_are_refused():
    model = random_model(
        "gpt_oss", **{**SMALL, "head_dim": 8, "num_local_experts": 2, "num_experts_per_tok": 1}
    )
    with pytest.raises(UserError, match="learned attention sinks"):
        measure(model, some_windows(), RULE)


def test_an_encoder_is_refused():
    model = random_model("bert", vocab_size=300, hidden_size=32, num_hidden_layers=2, num_attention_heads=4)
    with pytest.raises(UserError, match="causal self-attention"):
        measure(model, some_windows(), RULE)
