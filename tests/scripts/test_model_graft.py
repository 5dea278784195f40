import json
import subprocess
import sys
from pathlib import Path

import pytest
from multilingual import texts
from tiny_lm import SMALL, byte_tokenizer, random_model

from lib import tokenizer_training
from lib.contracts.model import FILES

SCRIPT = Path("workflow/scripts/model_graft.py").resolve()


def graft(folder, base, tokenizer, init="mean"):
    command = [sys.executable, SCRIPT, "--model", "base+tok", "--base", base, "--tokenizer", tokenizer]
    command += ["--init", init, "--seed", "0", "--threads", "1", "--files", folder / "files.parquet"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module", params=["llama", "phi"])  # tied; untied, with a bias in the output
def grafted(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graft")
    tied = request.param == "llama"
    base = random_model(request.param, **SMALL, tie_word_embeddings=tied)
    if not tied:
        base.get_output_embeddings().bias.data.normal_()
    base.save_pretrained(folder / "base")
    byte_tokenizer().save_pretrained(folder / "base")
    (folder / "tok").mkdir()
    tokenizer_training.save(tokenizer_training.bytebpe(texts() * 2, 400 if tied else 290), folder / "tok")
    done = graft(folder / "base+tok", folder / "base", folder / "tok")
    assert done.returncode == 0, done.stderr
    return folder, tied


def load(folder):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def test_new_rows_are_means_of_old_ones(grafted):
    import torch

    folder, tied = grafted
    (old, old_tokenizer), (new, new_tokenizer) = load(folder / "base"), load(folder / "base+tok")
    assert (new.get_input_embeddings().weight is new.get_output_embeddings().weight) == tied
    pairs = [(old.get_input_embeddings().weight, new.get_input_embeddings().weight)]
    if not tied:
        old_head, new_head = old.get_output_embeddings(), new.get_output_embeddings()
        pairs += [(old_head.weight, new_head.weight), (old_head.bias, new_head.bias)]
    for before, after in pairs:
        assert len(after) == len(new_tokenizer)
        cat = new_tokenizer.encode(" cat", add_special_tokens=False)
        pieces = old_tokenizer.encode(new_tokenizer.decode(cat[0]), add_special_tokens=False)
        assert torch.allclose(after[cat[0]], before[pieces].mean(0))
        start = new_tokenizer.convert_tokens_to_ids("ã")  # the byte E3, a part of a character
        old_start = old_tokenizer.convert_tokens_to_ids("ã")
        assert torch.equal(after[start], before[old_start])
        assert torch.equal(after[new_tokenizer.eos_token_id], before[old_tokenizer.eos_token_id])
        assert torch.equal(after[new_tokenizer.bos_token_id], before[old_tokenizer.bos_token_id])


def test_settings_name_the_new_tokens(grafted):
    folder, _ = grafted
    model, tokenizer = load(folder / "base+tok")
    assert model.config.vocab_size == len(tokenizer)
    for settings in (model.config, model.generation_config):
        assert settings.eos_token_id == tokenizer.eos_token_id
        assert settings.bos_token_id == tokenizer.bos_token_id
        assert settings.pad_token_id == tokenizer.pad_token_id


def test_generation_ends_with_the_new_end_of_text(grafted):
    import torch

    folder, _ = grafted
    model, tokenizer = load(folder / "base+tok")
    head = model.get_output_embeddings()
    head.bias = torch.nn.Parameter(torch.zeros(len(tokenizer)))
    head.bias.data[tokenizer.eos_token_id] = 1e6
    out = model.generate(**tokenizer("the cat", return_tensors="pt"), max_new_tokens=5)
    assert out[0, -1] == tokenizer.eos_token_id and len(out[0]) == len(tokenizer("the cat")["input_ids"]) + 1


def test_the_folder_is_that_of_a_prepared_model(grafted):
    folder, _ = grafted
    found = FILES.read(folder / "base+tok" / "files.parquet")
    assert {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    } <= set(found["file"])
    assert set(found["model"]) == {"base+tok"}
    ids = [
        json.loads((folder / name / "tokenizer.json").read_text())["model"]["vocab"]
        for name in ("tok", "base+tok")
    ]
    assert ids[0] == ids[1]


def test_an_unknown_init(tmp_path):
    done = graft(tmp_path, tmp_path, tmp_path, init="random")
    assert done.returncode == 1 and "models.base+tok.init: 'random' is unknown" in done.stderr
