import pytest
import torch
from commands import done
from multilingual import texts

from lib.contracts.model import FILES
from lib.tokenizer import trainers

SHAPE = {"layers": 2, "hidden": 32, "heads": 2, "feedforward": 48}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("scratch")
    for name, read in (("small", texts()), ("large", [text.upper() for text in texts()])):
        (root / name).mkdir()
        trainers.save(trainers.bytebpe(read * 2, 400), root / name)
    for model, tokenizer, seed in (("a", "small", 0), ("b", "large", 0), ("c", "small", 1)):
        files = root / model / "files.parquet"
        options = {"tokenizer": root / tokenizer, "seed": seed, "threads": 1, "files": files}
        done("model_scratch", model=f"nano+{model}", blueprint=SHAPE, **options)
    return root


def load(folder):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def test_the_model_has_the_shape_and_the_tokens(made):
    model, tokenizer = load(made / "a")
    config = model.config
    assert (config.num_hidden_layers, config.hidden_size) == (2, 32)
    assert (config.num_attention_heads, config.intermediate_size) == (2, 48)
    assert config.vocab_size == len(tokenizer) == 400
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert config.eos_token_id == model.generation_config.eos_token_id == tokenizer.eos_token_id


def test_equal_vocabularies_start_from_equal_weights_of_the_seed(made):
    first, second, third = (load(made / name)[0].state_dict() for name in "abc")
    assert all(torch.equal(weight, second[name]) for name, weight in first.items())
    drawn = [name for name, weight in first.items() if weight.ndim == 2]
    assert drawn and not any(torch.equal(first[name], third[name]) for name in drawn)


def test_the_folder_is_that_of_a_prepared_model(made):
    found = FILES.read(made / "a" / "files.parquet")
    assert {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"} <= set(
        found["file"]
    )
    assert set(found["source"]) == {"random weights of seed 0 for tokenizer small"}
