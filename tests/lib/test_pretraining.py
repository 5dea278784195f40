import itertools
import math

import pytest
import torch
from tiny_lm import HYBRIDS, SMALL, byte_tokenizer, random_model

from lib import likelihood
from lib.models.lm import start_token
from lib.packing import Row
from lib.pretraining import Recipe, bits, merged, segments, trainable, training_rows

TEXTS = ["the cat sat on a mat", "a", "Grüße, 日本", "what it was for " * 5]
ALL = Recipe(block="scratch", learning_rate=1e-3, warmup=0, weight_decay=0.0, clip=1.0)
LORA = Recipe(**{**vars(ALL), "lora": {"rank": 2, "alpha": 4, "targets": "all-linear"}})


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tokenizer():
    return byte_tokenizer()


def ignore(done):
    pass


def spelt_out(model, tokenizer, *parts):
    """Bits of a text in parts, token by token, each from a run of its own over all that stands before it."""
    spelt = [tokenizer(part, add_special_tokens=False)["input_ids"] for part in parts]
    ids = [start_token(tokenizer), *itertools.chain(*spelt)]
    total = 0.0
    with torch.no_grad():
        for place in range(1, len(ids)):
            logits = model(torch.tensor([ids[:place]])).logits[0, -1]
            total -= logits.double().log_softmax(0)[ids[place]].item() / math.log(2)
    return total


def test_segments_are_the_document():
    assert segments("abcdefg", 3) == ["abc", "def", "g"]
    assert segments("日本語", 3) == ["日本語"]


def test_a_text_starts_with_the_first_token_or_the_end(tokenizer):
    assert start_token(tokenizer) == tokenizer.bos_token_id != tokenizer.eos_token_id
    (row,) = training_rows(tokenizer, ["the"])
    the = tokenizer("the", add_special_tokens=False)["input_ids"]
    assert row == Row([tokenizer.bos_token_id], [*the, tokenizer.eos_token_id], bytes=3)
    without = byte_tokenizer()
    without.bos_token = None
    assert start_token(without) == without.eos_token_id


def test_a_model_that_knows_nothing_needs_the_logarithm_of_the_vocabulary(tokenizer):
    model = random_model("llama")
    model.get_output_embeddings().weight.data.zero_()
    for text, (needed, tokens) in zip(TEXTS, bits(model, tokenizer, TEXTS, ignore), strict=True):
        assert tokens == len(tokenizer(text, add_special_tokens=False)["input_ids"])
        assert needed == pytest.approx(tokens * math.log2(300), rel=1e-6)


@pytest.mark.parametrize("kind", ["llama", *HYBRIDS])
def test_bits_are_those_of_each_text_alone(tokenizer, kind):
    model = random_model(kind, **SMALL, **HYBRIDS.get(kind, {}))
    done = []
    found = bits(model, tokenizer, TEXTS, done.append)
    assert sum(done) == len(TEXTS)
    assert [needed for needed, _ in found] == pytest.approx(
        [spelt_out(model, tokenizer, text) for text in TEXTS], rel=1e-4
    )


def test_bits_after_a_prompt_are_those_of_both_without_those_of_the_prompt(tokenizer):
    model = random_model("llama")
    (after,) = bits(model, tokenizer, [" sat on a mat"], ignore, ["the cat"])
    (prompt,) = bits(model, tokenizer, ["the cat"], ignore)
    both = spelt_out(model, tokenizer, "the cat", " sat on a mat")
    assert after[0] + prompt[0] == pytest.approx(both, rel=1e-4)
    assert after[1] == len(tokenizer(" sat on a mat", add_special_tokens=False)["input_ids"])


def test_the_size_of_the_parts_does_not_matter(tokenizer, monkeypatch):
    model = random_model("llama")
    whole = bits(model, tokenizer, TEXTS, ignore)
    monkeypatch.setattr(likelihood, "CHUNK_TOKENS", 4)
    for one, other in zip(whole, bits(model, tokenizer, TEXTS, ignore), strict=True):
        assert one == pytest.approx(other, rel=1e-5)


def test_a_text_that_does_not_come_back_has_no_bits():
    from tokenizers import normalizers

    loses = byte_tokenizer()
    loses.backend_tokenizer.normalizer = normalizers.Lowercase()
    small, large = bits(random_model("llama"), loses, ["the cat", "The cat"], ignore)
    assert small[0] > 0 and large == (None, small[1])


def test_all_weights_train_in_float32():
    model = trainable(random_model("llama").bfloat16().requires_grad_(False), ALL, 0)
    assert all(weight.requires_grad and weight.dtype == torch.float32 for weight in model.parameters())
    assert merged(model) is model


@pytest.mark.parametrize("tied", [True, False])
def test_adapters_train_with_embeddings_and_head(tied):
    base = random_model("llama", **SMALL, tie_word_embeddings=tied).bfloat16()
    model = trainable(base, LORA, 0)
    trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    assert {weight.dtype for weight in trained.values()} == {torch.float32}
    outside = sorted(name.rsplit(".", 2)[1] for name in trained if "lora_" not in name)
    assert outside == (["embed_tokens"] if tied else ["embed_tokens", "lm_head"])
    assert (base.get_input_embeddings().weight is base.get_output_embeddings().weight) == tied
    frozen = [weight for name, weight in model.named_parameters() if name not in trained]
    assert {weight.dtype for weight in frozen} == {torch.bfloat16}


def test_merging_keeps_what_was_learnt(tokenizer):
    model = trainable(random_model("llama"), LORA, 0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.add_(0.05)
    before = bits(model.get_base_model(), tokenizer, TEXTS, ignore)
    whole = merged(model)
    assert not any("lora" in name for name, _ in whole.named_parameters())
    for one, other in zip(before, bits(whole, tokenizer, TEXTS, ignore), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_the_seed_alone_decides_the_adapters():
    def initial(seed, disturb):
        model = random_model("llama")
        torch.rand(disturb)
        return [w for name, w in trainable(model, LORA, seed).named_parameters() if "lora_A" in name]

    same, other = initial(0, 3), initial(1, 0)
    for one, again, different in zip(initial(0, 0), same, other, strict=True):
        assert torch.equal(one, again) and not torch.equal(one, different)
