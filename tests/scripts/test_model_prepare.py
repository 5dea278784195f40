import json

import model_prepare
import pandas as pd
import pytest
from commands import run
from tiny_lm import byte_tokenizer, random_model

from lib.cli import UserError
from lib.contracts.model import FILES
from lib.models.folder import check_tokenizer, save
from lib.models.sources import load
from lib.provenance import sha256


def prepare(folder, *inputs, **settings):
    how = {"model": "m", "settings": settings, "seed": 0, "threads": 1}
    return run("model_prepare", *inputs, **how, files=folder / "files.parquet")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A folder as users have them: several weight files, sampling, no padding token."""
    folder = tmp_path_factory.mktemp("source")
    model = random_model("llama")
    model.generation_config.update(do_sample=True, temperature=0.6, top_p=0.9, eos_token_id=[0, 1])
    model.save_pretrained(folder, max_shard_size="20KB")
    tokenizer = byte_tokenizer()
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def prepared(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "m"
    folder.mkdir()
    (folder / "chat_template.jinja").write_text("of an older run")
    (folder / ".partial").mkdir()
    (folder / ".partial" / "model.safetensors").write_text("of a run that was killed")
    done = prepare(folder, source / "config.json", source="folder", path=str(source))
    assert done.returncode == 0, done.stderr
    return folder


def test_the_folder_and_its_record(prepared):
    table = FILES.read(prepared / "files.parquet").set_index("file")
    assert sorted(path.name for path in prepared.iterdir()) == sorted([*table.index, "files.parquet"])
    assert set(table.index) == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    for name, row in table.iterrows():
        assert row.sha256 == sha256(prepared / name) and row.bytes == (prepared / name).stat().st_size
    assert set(table.parameters) == {random_model("llama").num_parameters()}
    assert set(table.model) == {"m"}


def test_generation_is_greedy_and_keeps_its_ends(prepared):
    settings = json.loads((prepared / "generation_config.json").read_text())
    assert settings["eos_token_id"] == [0, 1] and settings["pad_token_id"] == 1
    assert not settings["do_sample"] and not {"temperature", "top_p"} & settings.keys()


def test_it_loads_as_what_it_was(prepared, source):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, old = (AutoModelForCausalLM.from_pretrained(folder) for folder in (prepared, source))
    assert model.dtype == torch.float32
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), old.parameters(), strict=True))
    tokenizer = AutoTokenizer.from_pretrained(prepared)
    assert tokenizer.pad_token == "</s>"
    assert tokenizer.decode(tokenizer("日本語 can 't")["input_ids"]) == "日本語 can 't"


def test_the_tiny_model_is_the_same_every_time(tmp_path):
    assert prepare(tmp_path / "there", source="tiny").returncode == 0
    model, tokenizer, source = load({"source": "tiny"}, [], 0)
    check_tokenizer(tokenizer, model, "m")
    save(model, tokenizer, "m", source, tmp_path / "here" / "files.parquet", [], 0)
    tables = [FILES.read(tmp_path / name / "files.parquet") for name in ("here", "there")]
    pd.testing.assert_frame_equal(*tables)


def test_a_model_that_later_stages_cannot_load_is_refused(tmp_path):
    source, files = tmp_path / "source", tmp_path / "m" / "files.parquet"
    random_model("gemma2").save_pretrained(source)
    byte_tokenizer().save_pretrained(source)
    settings = json.dumps({"source": "folder", "path": str(source)})
    with pytest.raises(UserError, match=r"^models: m: the attention of Gemma2ForCausalLM .*another model$"):
        model_prepare.prepare("m", settings, 0, 1, files)
    assert not files.parent.exists()


def test_a_mistake_is_one_line_and_leaves_no_record(tmp_path):
    done = prepare(tmp_path / "m", tmp_path / "no.gguf", source="gguf", path="no.gguf")
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path}/no.gguf: no such file; correct the path of the model\n"
    assert not (tmp_path / "m" / "files.parquet").exists()
