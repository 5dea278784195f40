import json

import pytest
from commands import run
from multilingual import texts, write_corpus
from tiny_lm import SMALL, byte_tokenizer, random_model

from lib.contracts.model import FILES
from lib.table import read_provenance
from lib.tokenizer import trainers


def graft(folder, base, tokenizer, *documents, init="mean", **more):
    how = {"model": "base+tok", "base": base, "tokenizer": tokenizer, "init": init, "seed": 0, "threads": 1}
    return run("model_graft", *documents, **how, files=folder / "files.parquet", **more)


def save_parts(folder, kind, size):
    """A base model with its tokenizer, and another tokenizer."""
    tied = kind == "llama"
    base = random_model(kind, **SMALL, tie_word_embeddings=tied)
    if not tied:
        base.get_output_embeddings().bias.data.normal_()
    base.save_pretrained(folder / "base")
    byte_tokenizer().save_pretrained(folder / "base")
    (folder / "tok").mkdir()
    trainers.save(trainers.bytebpe(texts() * 2, size), folder / "tok")


@pytest.fixture(scope="module", params=["llama", "phi"])  # tied; untied, with a bias in the output
def grafted(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graft")
    tied = request.param == "llama"
    save_parts(folder, request.param, 400 if tied else 290)
    done = graft(folder / "base+tok", folder / "base", folder / "tok")
    assert done.returncode == 0, done.stderr
    return folder, tied


@pytest.fixture(scope="module")
def focused(tmp_path_factory):
    """A graft with focus, made twice in processes that hash differently."""
    folder = tmp_path_factory.mktemp("focus")
    save_parts(folder, "phi", 400)
    documents = write_corpus(folder, repeats=6)  # " dog" is in it 12 times, "が" 6 times
    said = []
    mix = {"temperature": 1, "max_bytes": 10_000}
    for name, environment in (("1", None), ("2", {"PYTHONHASHSEED": "2"})):
        more = {"init": "focus", "mix": mix, "environment": environment}
        done = graft(folder / name, folder / "base", folder / "tok", *documents, **more)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    return folder, said


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


def test_focus_does_not_depend_on_the_process(focused):
    folder, _ = focused
    assert (folder / "1/model.safetensors").read_bytes() == (folder / "2/model.safetensors").read_bytes()


def test_focus_copies_and_combines(focused):
    import torch

    folder, said = focused
    (old, old_tokenizer), (new, new_tokenizer) = load(folder / "base"), load(folder / "1")
    old_head, new_head = old.get_output_embeddings(), new.get_output_embeddings()
    pairs = [(old.get_input_embeddings().weight, new.get_input_embeddings().weight)]
    pairs += [(old_head.weight, new_head.weight), (old_head.bias, new_head.bias)]
    dog, ga = (new_tokenizer.encode(text, add_special_tokens=False) for text in (" dog", "が"))
    assert len(dog) == len(ga) == 1
    both = old_tokenizer.get_vocab().keys() & new_tokenizer.get_vocab().keys()
    for before, after in pairs:
        for token in both:
            old_id, new_id = (part.convert_tokens_to_ids(token) for part in (old_tokenizer, new_tokenizer))
            assert torch.equal(after[new_id], before[old_id])
        pieces = [old_tokenizer.encode(text, add_special_tokens=False) for text in (" dog", "が")]
        assert not torch.allclose(after[dog[0]], before[pieces[0]].mean(0))
        assert (after[dog[0]] <= before.max(0).values).all() and (after[dog[0]] >= before.min(0).values).all()
        assert torch.allclose(after[ga[0]], before[pieces[1]].mean(0))
    counts = [int(word) for word in said[0].split() if word.isdigit()]
    assert sum(counts) == len(new_tokenizer) and counts[0] >= len(both) and min(counts) > 0
    assert said[0] == said[1]


def test_focus_records_its_text(focused):
    folder, _ = focused
    inputs = read_provenance(folder / "1/files.parquet")["inputs"]
    assert sum("/train/" in name for name in inputs) == 4


def test_focus_needs_text(tmp_path):
    done = graft(tmp_path, tmp_path, tmp_path, init="focus")
    assert done.returncode == 1 and "--mix, DOCUMENTS: focus needs both" in done.stderr


def test_focus_where_nothing_is_frequent(focused, tmp_path):
    folder, _ = focused
    more = {"init": "focus", "mix": {"max_bytes": 10_000}}
    done = graft(tmp_path, folder / "base", folder / "tok", *write_corpus(tmp_path), **more)
    assert done.returncode == 1 and "focus has nothing to combine" in done.stderr, done.stderr


def test_an_unknown_init(tmp_path):
    done = graft(tmp_path, tmp_path, tmp_path, init="random")
    assert done.returncode == 1 and "models.base+tok.init: 'random' is unknown" in done.stderr
