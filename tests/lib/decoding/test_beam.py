from dataclasses import replace

import pytest
import torch
from tiny_lm import SMALL, byte_tokenizer, random_model

from lib.decoding.branching import Decoding, Prompt, decode

HOW = Decoding("beam", 3, 6, (), 7)


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    model = random_model("llama", **{**SMALL, "vocab_size": len(byte_tokenizer())})
    model.generation_config.eos_token_id = None
    return model


@pytest.fixture(scope="module")
def prompts():
    return [Prompt(text, byte_tokenizer().encode(text)) for text in ("the cat", "a", "on a mat", "saw")]


def test_beams_are_those_of_transformers_for_each_prompt_alone(model, prompts):
    tokenizer = byte_tokenizer()
    free = decode(model, tokenizer, prompts, HOW)
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(free[1].token_ids[2])
    found = decode(model, tokenizer, prompts, HOW)
    assert {branch.stop_reason for branch in found} == {"end", "length"}
    for number, prompt in enumerate(prompts):
        ids = torch.tensor([prompt.ids])
        written = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            num_beams=3,
            num_return_sequences=3,
            max_new_tokens=6,
            do_sample=False,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=0,
        )[:, ids.shape[1] :]
        for rank, branch in enumerate(found[3 * number : 3 * number + 3]):
            assert (branch.prompt, branch.branch) == (number, rank)
            count = len(branch.token_ids)
            assert branch.token_ids == written[rank, :count].tolist()
            assert set(written[rank, count:].tolist()) <= {0, tokenizer.eos_token_id}
            assert branch.decoded == (0 if rank else 3 * written.shape[1])  # all that the search wrote


def test_margins_are_those_of_the_whole_text(model, prompts):
    tokenizer = byte_tokenizer()
    for branch in decode(model, tokenizer, prompts, HOW):
        ids = prompts[branch.prompt].ids
        with torch.inference_mode():
            logits = model(torch.tensor([ids + branch.token_ids])).logits[0, len(ids) - 1 : -1]
        best = logits.softmax(-1).topk(2).values
        assert branch.token_margins == pytest.approx((best[:, 0] - best[:, 1]).tolist(), abs=1e-5)


def test_a_beam_is_cut_at_a_stop_string(model, prompts):
    tokenizer = byte_tokenizer()
    whole = decode(model, tokenizer, prompts, HOW)[4]
    stop = tokenizer.decode(whole.token_ids)[1]
    cut = decode(model, tokenizer, prompts, replace(HOW, stop=(stop,)))[4]
    assert cut.stop_reason == "stop" and stop not in cut.completion
    assert cut.token_ids == whole.token_ids[: len(cut.token_ids)]
