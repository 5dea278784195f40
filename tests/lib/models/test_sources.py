import pytest
import torch
from catalogs import wheel
from tiny_gguf import write_gguf
from tiny_lm import byte_tokenizer, random_model

from lib.cli import UserError
from lib.models.sources import load

TEXT = "the cat sat"


def logits(model, ids):
    with torch.no_grad():
        return model.eval()(torch.tensor([ids])).logits


@pytest.fixture(scope="module")
def original():
    return random_model("llama"), byte_tokenizer()


@pytest.fixture(scope="module", params=["default", "smollm"])
def converted(request, original, tmp_path_factory):
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_gguf(path, *original, request.param)
    return (*load({"source": "gguf"}, [path], 0), request.param)


def test_a_gguf_file_computes_what_the_original_does(original, converted):
    ids = original[1](TEXT)["input_ids"]
    assert converted[1](TEXT, add_special_tokens=False)["input_ids"] == ids
    torch.testing.assert_close(logits(converted[0], ids), logits(original[0], ids), rtol=1e-4, atol=1e-4)
    assert all(parameter.dtype == torch.float32 for parameter in converted[0].parameters())
    assert converted[2] == "tiny.gguf"


def test_digits_are_split_off_where_the_tokenizer_of_the_gguf_file_says_so(converted):
    pieces = converted[1].backend_tokenizer.pre_tokenizer.pre_tokenize_str("a\n\n12")
    separate = [piece for piece, _ in pieces] == ["a", "ĊĊ", "1", "2"]
    assert separate == (converted[3] == "smollm")


def test_a_gguf_file_in_a_wheel(original, tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", *original, "default")
    archive = wheel(tmp_path / "tiny.whl", {"tiny/tiny.gguf": path.read_bytes()})
    model, tokenizer, source = load({"source": "wheel", "file": "tiny/tiny.gguf"}, [archive], 0)
    ids = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    torch.testing.assert_close(logits(model, ids), logits(original[0], ids), rtol=1e-4, atol=1e-4)
    assert source == "tiny.whl:tiny/tiny.gguf"
    with pytest.raises(
        UserError, match=r"tiny\.whl: has no file 'x\.gguf'; its GGUF files are: tiny/tiny\.gguf"
    ):
        load({"source": "wheel", "file": "x.gguf"}, [archive], 0)


def test_a_model_that_pretraining_trained(original, tmp_path):
    original[0].save_pretrained(tmp_path)
    original[1].save_pretrained(tmp_path)
    settings = {"source": "pretraining", "model": "m+t", "arm": "adapt", "seed": 3}
    model, tokenizer, source = load(settings, [tmp_path / "files.parquet"], 0)
    ids = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    torch.testing.assert_close(logits(model, ids), logits(original[0], ids))
    assert source == "m+t/adapt/seed-3"


def test_a_folder_of_several_weight_files(original, tmp_path):
    model, tokenizer = original
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    tokenizer.save_pretrained(tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    loaded, its, source = load({"source": "folder", "path": str(tmp_path)}, [], 0)
    assert source == str(tmp_path)
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], weight)
    assert its.get_vocab() == tokenizer.get_vocab()


def test_the_hub_is_asked_for_the_revision(monkeypatch):
    import transformers

    calls = []
    for name in ("AutoModelForCausalLM", "AutoTokenizer"):
        monkeypatch.setattr(
            getattr(transformers, name), "from_pretrained", lambda *a, **k: calls.append((a, k["revision"]))
        )
    *_, source = load({"source": "hub", "id": "owner/name", "revision": "abc"}, [], 0)
    assert calls == [(("owner/name",), "abc")] * 2
    assert source == "owner/name@abc"


def test_what_is_no_model_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match=f"models: {tmp_path} cannot be loaded as a causal language model"):
        load({"source": "folder", "path": str(tmp_path)}, [], 0)
    with pytest.raises(UserError, match=r"no\.gguf: no such file"):
        load({"source": "gguf"}, [tmp_path / "no.gguf"], 0)


def test_the_tiny_model_depends_on_the_seed_alone():
    (one, tokenizer, _), (same, *_), (other, *_) = (load({"source": "tiny"}, [], seed) for seed in (1, 1, 2))
    ids = tokenizer("日本語")["input_ids"]
    assert len(ids) == 9  # a token is a byte
    assert torch.equal(logits(one, ids), logits(same, ids))
    assert not torch.equal(logits(one, ids), logits(other, ids))
