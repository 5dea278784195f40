import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tiny_arms import arm, trainable
from tiny_lm import byte_tokenizer, random_model, save_model
from transformers import AutoModelForCausalLM

from lib.adaptation.methods import METHODS
from lib.cli import UserError
from lib.models import lm

IDS = torch.tensor([[5, 80, 90, 7, 30, 31]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module", params=["lora", "rslora", "dora"])
def adapter(request, folder, tmp_path_factory):
    """An adapter that changes something: its B is not zero."""
    settings = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules="all-linear",
        use_rslora=request.param == "rslora",
        use_dora=request.param == "dora",
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(folder), settings)
    torch.manual_seed(3)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.1)
    place = tmp_path_factory.mktemp("adapter")
    model.save_pretrained(place)
    return place


@torch.inference_mode()
def logits(model):
    return model.eval()(IDS).logits


def test_a_merged_adapter_computes_what_it_did_unmerged(folder, adapter):
    merged, _ = lm.load(folder, adapter, "float32", 1)
    unmerged = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), adapter)
    base, _ = lm.load(folder, None, "float32", 1)
    assert not hasattr(merged, "peft_config") or not any("lora" in name for name, _ in merged.named_modules())
    assert not torch.allclose(logits(merged), logits(base), atol=0.1)
    assert torch.allclose(logits(merged), logits(unmerged), atol=1e-5 * logits(base).abs().max().item())
    assert not merged.training


def test_weights_are_rounded_after_the_merge(folder, adapter):
    rounded, _ = lm.load(folder, adapter, "bfloat16", 1)
    merged, _ = lm.load(folder, adapter, "float32", 1)
    assert rounded.dtype == torch.bfloat16
    for one, other in zip(rounded.parameters(), merged.parameters(), strict=True):
        assert torch.equal(one, other.bfloat16())


def test_what_does_not_merge_stays_in_float32(folder, tmp_path):
    """In bfloat16 the model computes what it did in training, with the adapter beside its weights."""
    bottleneck = METHODS["bottleneck"]
    model, _ = lm.load(folder, None, "bfloat16", 1)
    network = bottleneck.attach(model, arm("bottleneck"), 0, None)
    with torch.no_grad():
        for weight in trainable(network).values():
            weight.add_(0.1)
    bottleneck.save(network, tmp_path)
    read, _ = lm.load(folder, tmp_path, "bfloat16", 1)
    assert torch.equal(logits(read), logits(network))
    assert read.dtype == torch.bfloat16


def test_types(folder):
    assert lm.dtype_of("float32") == torch.float32
    assert lm.dtype_of("bfloat16") == torch.bfloat16
    assert lm.dtype_of("auto") in (torch.float32, torch.bfloat16)
    assert lm.load(folder, None, "bfloat16", 1)[0].dtype == torch.bfloat16


def test_threads(folder):
    lm.load(folder, None, "float32", 2)
    assert torch.get_num_threads() == 2
    lm.load(folder, None, "float32", 1)
    assert torch.get_num_threads() == 1


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(UserError, match=r"no config\.json here"):
        lm.load(tmp_path, None, "float32", 1)


def test_the_tokenizer_decides_what_stands_before_a_prompt():
    plain, bos = byte_tokenizer(), byte_tokenizer(bos=True)
    assert (lm.prefix_ids(plain), lm.prefix_ids(bos)) == ([], [0])
    (ids,) = lm.token_ids(bos, ["the cat"])
    assert lm.prompt_ids(plain, ["the cat"]) == [ids]
    assert lm.prompt_ids(bos, ["the cat"]) == [[0, *ids]] == bos(["the cat"])["input_ids"]


def test_a_text_is_read_from_its_beginning():
    plain, bos = byte_tokenizer(), byte_tokenizer(bos=True)
    assert lm.prompt_ids(plain, ["", "a"]) == [[plain.bos_token_id], *lm.token_ids(plain, ["a"])]
    assert lm.prompt_ids(bos, [""]) == [[bos.bos_token_id]]
    plain.bos_token = None
    (row,) = lm.training_rows(plain, [""], ["the cat"])
    assert row.prompt == [plain.eos_token_id]


@pytest.mark.parametrize(("named", "expected"), [(None, {1}), (2, {1, 2}), ([2, 1, 7], {1, 2, 7})])
def test_texts_end_with_any_of_the_tokens_that_tokenizer_and_model_name(named, expected):
    model = random_model("llama")
    model.generation_config.eos_token_id = named
    assert lm.end_ids(model.generation_config, byte_tokenizer()) == expected


def test_a_chat_needs_a_template():
    with pytest.raises(UserError, match="no chat template; take `chat` out of the task"):
        lm.prompt_ids(byte_tokenizer(), ["the cat"], chat=True)


@pytest.mark.parametrize("bos", [False, True])
def test_prompt_and_target_are_tokenized_apart(bos):
    tokenizer = byte_tokenizer(bos)
    rows = lm.training_rows(tokenizer, ["the c", "a"], ["at", " mat"])
    before = "<s>" if bos else ""
    assert [tokenizer.decode(row.prompt) for row in rows] == [before + "the c", before + "a"]
    assert [tokenizer.decode(row.target) for row in rows] == ["at</s>", " mat</s>"]
    joined = tokenizer("the cat", add_special_tokens=False)["input_ids"]
    assert [*rows[0].prompt, *rows[0].target[:-1]] != joined
    assert lm.prompt_ids(tokenizer, ["the c"]) == [rows[0].prompt]
