import json
import subprocess
import sys
from pathlib import Path

import pytest
from multilingual import SENTENCES, write_corpus

from lib.contracts.tokenizer import TRAINING
from lib.table import read_provenance

SCRIPT = Path("workflow/scripts/tokenizer_train.py").resolve()


def train(folder, documents, **settings):
    command = [sys.executable, SCRIPT, "--name", "tok", "--settings", json.dumps({"mix": "all", **settings})]
    command += [
        "--tokenizer",
        folder / "tokenizer.json",
        "--training",
        folder / "training.parquet",
        *documents,
    ]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"), repeats=4)


@pytest.mark.parametrize(("family", "size"), [("bpe", 400), ("unigram", 330), ("bytebpe", 320)])
def test_a_tokenizer_is_trained(tmp_path, documents, family, size):
    import sentencepiece
    from tokenizers import Tokenizer

    done = train(tmp_path, documents, family=family, size=size, temperature=2)
    assert done.returncode == 0, done.stderr
    files = {"tokenizer.json", "tokenizer_config.json", "training.parquet"}
    files |= set() if family == "bytebpe" else {"tokenizer.model"}
    assert {path.name for path in tmp_path.iterdir()} == files
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == size
    if family != "bytebpe":
        model = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
        text = SENTENCES["jpn_Jpan"][0] + " <|0|> 𠮷"
        assert tokenizer.encode(text).ids == model.encode(text)

    table = TRAINING.read(tmp_path / "training.parquet")
    assert sorted(table["lang"]) == sorted(SENTENCES) and table["share"].sum() == pytest.approx(1)
    assert set(table["vocab_size"]) == {size} and (table["n_docs"] == 12).all()
    assert len(read_provenance(tmp_path / "training.parquet")["inputs"]) == len(documents)


def test_a_mix_with_weights_and_little_text_of_each_language(tmp_path, documents):
    weights = {lang: 1 + (lang == "jpn_Jpan") for lang in SENTENCES}
    settings = {"weights": weights, "bytes_per_language": 1000}
    assert train(tmp_path, documents, family="bytebpe", size=262, **settings).returncode == 0
    table = TRAINING.read(tmp_path / "training.parquet").set_index("lang")
    assert (table["n_characters"] <= 1000).all()
    assert table["share"].idxmax() == "jpn_Jpan"
    expected = 2 / (len(SENTENCES) + 1)
    assert table["share"]["jpn_Jpan"] == pytest.approx(expected, rel=0.2)


def test_two_runs_give_the_same_files(tmp_path, documents):
    for run in ("one", "two"):
        assert train(tmp_path / run, documents, family="unigram", size=330, temperature=3).returncode == 0
    for name in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"family": "unigram", "size": 9000}, "tokenizer.grid: this text supports"),
        ({"family": "bytebpe", "size": 9000}, "tokenizer.grid: this text supports"),
        ({"family": "wordpiece", "size": 300}, "tokenizer.grid: 'wordpiece' is no family"),
    ],
)
def test_mistakes_are_one_clear_line(tmp_path, documents, settings, message):
    done = train(tmp_path, documents, **settings)
    assert done.returncode == 1 and done.stderr.startswith(f"error: {message}")
    assert len(done.stderr.strip().splitlines()) == 1 and list(tmp_path.iterdir()) == []


def test_a_language_without_documents(tmp_path, documents):
    from lib.contracts.corpus import DOCUMENTS

    DOCUMENTS.write([], tmp_path / "empty.parquet")
    done = train(tmp_path, [*documents, tmp_path / "empty.parquet"], family="bpe", size=400)
    assert done.returncode == 1 and "empty.parquet: no documents" in done.stderr
