"""The vLLM backend against a stand-in with vLLM's documented interface; vLLM itself needs a GPU."""

import math
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import pytest
import torch
from tiny_lm import SMALL, byte_tokenizer, random_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from lib.cli import UserError
from lib.decoding.branching import Decoding, Prompt, decode
from lib.decoding.vllm import Vllm
from lib.models.lm import load

TEXTS = ["the cat sat on a mat", "a", "what it was for"]


class LLM:
    """Decodes what it is asked to, one request after the other, and records all calls."""

    made = ()

    def __init__(self, **settings):
        LLM.made = (*LLM.made, self)
        self.settings, self.calls = settings, []
        self.model = AutoModelForCausalLM.from_pretrained(settings["model"], dtype=settings["dtype"]).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(settings["tokenizer"])

    def generate(self, prompts, params, use_tqdm):
        self.calls.append((prompts, params))
        return [
            SimpleNamespace(outputs=[self._completion(prompt["prompt_token_ids"], one)])
            for prompt, one in zip(prompts, params, strict=True)
        ]

    @torch.inference_mode()
    def _completion(self, prompt, params):
        written, told = [], []
        rng = torch.Generator().manual_seed(params.seed or 0)
        while len(written) < params.max_tokens:
            logprobs = self.model(torch.tensor([prompt + written])).logits[0, -1].log_softmax(-1)
            chances = (logprobs / (params.temperature or 1)).softmax(-1)
            token = torch.multinomial(chances, 1, generator=rng) if params.temperature else logprobs.argmax()
            best = logprobs.topk(params.logprobs).indices.tolist()
            written.append(int(token))
            told.append({one: SimpleNamespace(logprob=logprobs[one].item()) for one in {*best, written[-1]}})
            text = self.tokenizer.decode(written)
            if written[-1] in params.stop_token_ids or any(stop in text for stop in params.stop):
                break
        return SimpleNamespace(token_ids=written, logprobs=told)


@pytest.fixture
def vllm(tmp_path, monkeypatch):
    """A model folder, with vLLM installed as far as the backend can see."""
    torch.set_num_threads(1)
    package, inputs = ModuleType("vllm"), ModuleType("vllm.inputs")
    package.LLM = LLM
    package.SamplingParams = lambda **params: SimpleNamespace(**{"seed": None, **params})
    inputs.TokensPrompt = dict
    monkeypatch.setitem(sys.modules, "vllm", package)
    monkeypatch.setitem(sys.modules, "vllm.inputs", inputs)
    monkeypatch.setattr(LLM, "made", ())
    tokenizer = byte_tokenizer()
    model = random_model("llama", **{**SMALL, "vocab_size": len(tokenizer)})
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(93)
    model.generation_config.eos_token_id = [93]
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_branches_are_those_of_the_projects_own_engine(vllm):
    engine = Vllm(vllm, None, "float32", 1)
    (llm,) = LLM.made
    assert llm.settings["model"] == str(vllm) and llm.settings["dtype"] == "float32"
    model, tokenizer = load(vllm, None, "float32", 1)
    prompts = [Prompt(text, tokenizer.encode(text)) for text in TEXTS]
    for position in (0, 2):
        how = Decoding("top-k", 4, 8, (" ", "e"), 16, position=position)
        found, expected = engine.decode(prompts, how, None), decode(model, tokenizer, prompts, how)
        assert len({branch.stop_reason for branch in expected}) > 1
        for one, other in zip(found, expected, strict=True):
            assert (one.prompt, one.branch, one.token_ids) == (other.prompt, other.branch, other.token_ids)
            assert one.token_margins == pytest.approx(other.token_margins, abs=1e-5)
            assert (one.stop_reason, one.completion) == (other.stop_reason, other.completion)
            assert one.decoded == other.decoded


def test_each_prompt_is_asked_once_for_where_branches_part(vllm):
    engine = Vllm(vllm, None, "float32", 1)
    prompts = [Prompt(text, engine.tokenizer.encode(text)) for text in TEXTS]
    branches = engine.decode(prompts, Decoding("top-k", 4, 8, (), 16), None)
    (asked, first), (begun, rest) = LLM.made[0].calls
    assert [prompt["prompt_token_ids"] for prompt in asked] == [prompt.ids for prompt in prompts]
    assert {(one.max_tokens, one.logprobs, one.temperature) for one in first} == {(1, 4, 0.0)}
    going = [branch for branch in branches if len(branch.token_ids) > 1]
    assert [prompt["prompt_token_ids"] for prompt in begun] == [
        prompts[branch.prompt].ids + branch.token_ids[:1] for branch in going
    ]
    assert {(one.max_tokens, one.logprobs, one.temperature) for one in rest} == {(7, 2, 0.0)}


def test_each_sample_has_its_own_seed(vllm):
    engine = Vllm(vllm, None, "float32", 1)
    prompts = [Prompt(text, engine.tokenizer.encode(text)) for text in TEXTS]
    how = Decoding("sample", 3, 6, (), 16, temperature=0.8, top_p=0.9, seed=5)
    found = engine.decode(prompts, how, None)
    ((_, params),) = LLM.made[0].calls
    assert {(one.temperature, one.top_p, one.max_tokens) for one in params} == {(0.8, 0.9, 6)}
    assert len({one.seed for one in params}) == 9
    assert len({tuple(branch.token_ids) for branch in found}) > 6
    engine.decode(prompts[1:], replace(how, rows=2), None)
    assert [one.seed for one in LLM.made[0].calls[1][1]] == [one.seed for one in params[3:]]
    # The margin is that of the model, not of the tempered distribution.
    with torch.inference_mode():
        logits = LLM.made[0].model(torch.tensor([prompts[0].ids])).logits[0, -1]
    best = logits.log_softmax(-1).topk(2).values.tolist()
    assert found[0].token_margins[0] == pytest.approx(math.exp(best[0]) - math.exp(best[1]), abs=1e-6)


def test_an_adapter_is_merged(vllm, tmp_path):
    from peft import LoraConfig, get_peft_model

    model, tokenizer = load(vllm, None, "float32", 1)
    adapted = get_peft_model(model, LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False))
    adapted.save_pretrained(tmp_path / "adapter")
    engine = Vllm(vllm, tmp_path / "adapter", "float32", 1)
    prompts = [Prompt(text, tokenizer.encode(text)) for text in TEXTS]
    how = Decoding("top-k", 2, 4, (), 16)
    merged, _ = load(vllm, tmp_path / "adapter", "float32", 1)
    expected = decode(merged, tokenizer, prompts, how)
    assert [one.token_ids for one in engine.decode(prompts, how, None)] == [one.token_ids for one in expected]


def test_a_branch_that_vllm_cuts_is_no_branch(vllm, monkeypatch):
    engine = Vllm(vllm, None, "float32", 1)
    whole, how = LLM._completion, Decoding("top-k", 2, 6, (), 16)
    prompts = [Prompt("item", engine.tokenizer.encode("a"))]

    def cut(self, prompt, params):
        params.max_tokens = min(params.max_tokens, 3)
        return whole(self, prompt, params)

    monkeypatch.setattr(LLM, "_completion", cut)
    with pytest.raises(UserError, match="item item: vLLM ended a branch after 4 tokens"):
        engine.decode(prompts, how, None)


def test_branches_of_one_token_ask_for_no_more(vllm):
    engine = Vllm(vllm, None, "float32", 1)
    prompts, how = [Prompt("item", engine.tokenizer.encode("a"))], Decoding("top-k", 3, 1, (), 16)
    found = engine.decode(prompts, how, None)
    assert [len(branch.token_ids) for branch in found] == [1, 1, 1]
    assert len(LLM.made[0].calls) == 1


def test_what_it_cannot_do_is_said(vllm, monkeypatch):
    with pytest.raises(UserError, match="set the key to transformers"):
        Vllm(vllm, None, "float32", 1).decode([], Decoding("top-k", 2, 4, (), 16), ([1], [2]))
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(UserError, match="pip install vllm"):
        Vllm(vllm, None, "float32", 1)
