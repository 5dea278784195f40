import pytest
from commands import run
from multilingual import SENTENCES, write_corpus

from lib.contracts.tokenizer import MERGES, TRAINING
from lib.table import read_provenance

SIZES = {"bpe": 400, "unigram": 330, "bytebpe": 320, "wordpiece": 180}


MOST = 1_000_000  # bytes; more than the sentences have


def merges_of(folder):
    return {"merges": folder / "merges.parquet", "mixed": folder / "mixed.parquet"}


def learn(folder, documents, size=320, max_bytes=MOST, environment=None):
    how = {"settings": {"temperature": 2, "max_bytes": max_bytes}, "size": size, "environment": environment}
    return run("tokenizer_merges", *documents, **how, **merges_of(folder))


def train(folder, documents, learnt=None, environment=None, **settings):
    settings = {"mix": "all", "temperature": 2, "max_bytes": MOST, **settings}
    files = {"tokenizer": folder / "tokenizer.json", "training": folder / "training.parquet"}
    how = {"name": "tok", "settings": settings, "environment": environment}
    return run("tokenizer_train", *documents, **how, **files, **merges_of(learnt) if learnt else {})


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"), repeats=4)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory, documents):
    folder = tmp_path_factory.mktemp("learnt")
    done = learn(folder, documents, 340)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(("family", "size"), SIZES.items())
def test_a_tokenizer_is_trained(tmp_path, documents, learnt, family, size):
    import sentencepiece
    from tokenizers import Tokenizer

    done = train(tmp_path, documents, learnt if family == "bytebpe" else None, family=family, size=size)
    assert done.returncode == 0, done.stderr
    files = {"tokenizer.json", "tokenizer_config.json", "training.parquet"}
    files |= {"tokenizer.model"} if family in ("bpe", "unigram") else set()
    assert {path.name for path in tmp_path.iterdir()} == files
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == size
    if family in ("bpe", "unigram"):
        model = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
        text = SENTENCES["jpn_Jpan"][0] + " <|0|> 𠮷"
        assert tokenizer.encode(text).ids == model.encode(text)

    table = TRAINING.read(tmp_path / "training.parquet")
    assert sorted(table["lang"]) == sorted(SENTENCES) and table["share"].sum() == pytest.approx(1)
    assert set(table["vocab_size"]) == {size} and (table["n_docs"] == 12).all()
    assert (table["n_characters_read"] == table["n_characters_wanted"]).all()
    inputs = read_provenance(tmp_path / "training.parquet")["inputs"]
    assert len(inputs) == len(documents) + 2 * (family == "bytebpe")


@pytest.mark.parametrize(("family", "size"), SIZES.items())
def test_runs_and_threads_give_the_same_files(tmp_path, documents, family, size):
    for threads in ("1", "3"):
        folder = tmp_path / threads
        environment = {"RAYON_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": threads}
        if family == "bytebpe":
            assert learn(folder, documents, environment=environment).returncode == 0
        learnt = folder if family == "bytebpe" else None
        done = train(folder, documents, learnt, environment, family=family, size=size)
        assert done.returncode == 0, done.stderr
    for path in (tmp_path / "1").iterdir():
        if path.suffix != ".parquet":
            assert path.read_bytes() == (tmp_path / "3" / path.name).read_bytes()


def test_a_larger_list_of_merges_changes_no_smaller_tokenizer(tmp_path, documents, learnt):
    assert learn(tmp_path / "small", documents, 300).returncode == 0
    for name, merges in (("one", tmp_path / "small"), ("two", learnt)):
        assert train(tmp_path / name, documents, merges, family="bytebpe", size=300).returncode == 0
    one, two = (tmp_path / name / "tokenizer.json" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_merges_run_out_where_the_text_does(tmp_path, documents):
    assert learn(tmp_path, documents, 9000).returncode == 0
    few = len(MERGES.read(tmp_path / "merges.parquet"))
    done = train(tmp_path / "all", documents, tmp_path, family="bytebpe", size=259 + few)
    assert done.returncode == 0, done.stderr
    done = train(tmp_path / "more", documents, tmp_path, family="bytebpe", size=9000)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: tokenizer.grid: this text supports {259 + few} pieces, not 9000")


def test_what_a_sample_leaves_out_is_said(tmp_path, documents):
    assert train(tmp_path, documents, family="wordpiece", size=150, max_bytes=1500).returncode == 0
    table = TRAINING.read(tmp_path / "training.parquet")
    assert (table["n_characters_read"] < table["n_characters_wanted"]).all()


def test_a_mix_with_weights_and_little_text_of_each_language(tmp_path, documents):
    weights = {lang: 1 + (lang == "jpn_Jpan") for lang in SENTENCES}
    settings = {"weights": weights, "bytes_per_language": 1000}
    assert train(tmp_path, documents, family="wordpiece", size=180, **settings).returncode == 0
    table = TRAINING.read(tmp_path / "training.parquet").set_index("lang")
    assert (table["n_characters"] <= 1000).all()
    assert table["share"].idxmax() == "jpn_Jpan"
    expected = 2 / (len(SENTENCES) + 1)
    assert table["share"]["jpn_Jpan"] == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"family": "unigram", "size": 9000}, "tokenizer.grid: this text supports"),
        ({"family": "wordpiece", "size": 9000}, "tokenizer.grid: this text supports"),
        ({"family": "bytebpe", "size": 300}, "--merges, --mixed: bytebpe needs both"),
        ({"family": "charbpe", "size": 300}, "tokenizer.grid: 'charbpe' is no family"),
        ({"family": "bpe", "size": 400, "max_bytes": 40}, "tokenizer.max_bytes: 40 bytes hold no document"),
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
