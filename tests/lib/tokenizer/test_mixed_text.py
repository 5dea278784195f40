import numpy as np
import pytest
from multilingual import SENTENCES, texts, write_corpus

from lib.cli import UserError
from lib.contracts.corpus import DOCUMENTS
from lib.tokenizer import mixed_text, mixes

MOST = 10**9


@pytest.fixture
def documents(tmp_path):
    return write_corpus(tmp_path, repeats=3)


def rows_of(mix):
    return {row["lang"]: row for row in mix.rows}


def how(temperature, most=MOST, **others):
    return {"temperature": temperature, "max_bytes": most, **others}


def held(documents, temperature, seed=0):
    """What is read, found with all texts in memory."""
    tables = [DOCUMENTS.read(path) for path in documents]
    lengths = {table["lang"][0]: table["text"].str.len().to_numpy() for table in tables}
    characters = {lang: int(n.sum()) for lang, n in lengths.items()}
    times = mixes.copies(lengths, mixes.shares(characters, how(temperature)), seed)
    return [
        text
        for table in tables
        for text, n in zip(table["text"], times[table["lang"][0]], strict=True)
        for _ in range(n)
    ]


@pytest.mark.parametrize("batch", [1, 4, 1000])
def test_the_stream_is_what_the_mix_wants(documents, monkeypatch, batch):
    monkeypatch.setattr("lib.table.BATCH", batch)
    mix = mixed_text.mix(documents, how(3, MOST), 0)
    assert list(mix) == list(mix) == held(documents, 3)
    for lang, row in rows_of(mix).items():
        assert row["n_docs"] == 9 and row["n_characters"] == 3 * sum(map(len, SENTENCES[lang]))
        assert row["n_characters_read"] == row["n_characters_wanted"]


def test_little_of_each_language_and_weights(documents):
    weights = {lang: 1 + (lang == "jpn_Jpan") for lang in SENTENCES}
    mix = mixed_text.mix(documents, how(1, weights=weights, bytes_per_language=400), 0)
    once = {lang: {text for text in mix if text in texts(lang)} for lang in SENTENCES}
    for read in once.values():
        assert 0 < sum(len(text.encode()) for text in read) <= 400
    assert min(row["n_docs"] for row in mix.rows) < 9
    assert max(rows_of(mix).values(), key=lambda row: row["share"])["lang"] == "jpn_Jpan"


def test_files_of_one_language_are_one_language(documents, tmp_path):
    more = write_corpus(tmp_path / "more")
    both = mixed_text.mix([*documents, *more], how(1, MOST), 0)
    assert len(both.rows) == len(SENTENCES) and sorted(both) == sorted(texts() * 4)


def test_at_most_so_many_bytes_are_read(documents):
    whole, part = mixed_text.mix(documents, how(2, MOST), 0), mixed_text.mix(documents, how(2, 1500), 0)
    assert sum(len(text.encode()) for text in part) <= 1500 < sum(len(text.encode()) for text in whole)
    for lang, row in rows_of(part).items():
        assert row["n_characters_wanted"] == rows_of(whole)[lang]["n_characters_wanted"]
        assert 0 < row["n_characters_read"] < row["n_characters_wanted"]
    assert list(part) == list(mixed_text.mix(documents, how(2, 1500), 0))
    assert list(part) != list(mixed_text.mix(documents, how(2, 1500), 1))


def test_a_sample_keeps_the_shares_of_languages_and_of_repeated_documents():
    times = {"aaa": np.array([1, 3] * 1000), "bbb": np.array([2] * 500), "ccc": np.zeros(4, int)}
    octets = {"aaa": np.full(2000, 10), "bbb": np.full(500, 40), "ccc": np.full(4, 10)}
    fewer = mixed_text.sample(times, octets, 20_000, 0)
    assert fewer["aaa"].sum() == 1000 and fewer["bbb"].sum() == 250 and fewer["ccc"].sum() == 0
    assert (fewer["aaa"] <= times["aaa"]).all()
    assert fewer["aaa"][1::2].sum() == pytest.approx(750, abs=60)
    assert mixed_text.sample(times, octets, 80_000, 0) is times


def test_examples_are_spaced_over_each_file(documents, monkeypatch):
    found = mixed_text.examples(documents, 12)
    assert len(found) == 12 and {lang for lang in SENTENCES if set(texts(lang)) & set(found)} == set(
        SENTENCES
    )
    assert set(mixed_text.examples(documents, 1000)) == set(texts())
    monkeypatch.setattr(mixed_text, "BEGINNING", 5)
    assert set(mixed_text.examples(documents, 1000)) == {text[:5] for text in texts()}


def test_files_that_do_not_serve(documents, tmp_path):
    DOCUMENTS.write([], tmp_path / "empty.parquet")
    with pytest.raises(UserError, match=r"empty.parquet: no documents; .* tokenizer.mixes"):
        mixed_text.mix([*documents, tmp_path / "empty.parquet"], how(1, MOST), 0)
    mixed = [DOCUMENTS.read(path).head(1) for path in documents[:2]]
    DOCUMENTS.write([row for part in mixed for row in part.to_dict("records")], tmp_path / "two.parquet")
    with pytest.raises(UserError, match=r"two.parquet: documents in eng_Latn, jpn_Jpan"):
        mixed_text.mix([tmp_path / "two.parquet"], how(1, MOST), 0)
    with pytest.raises(UserError, match=r"tokenizer.max_bytes: 30 bytes hold no document of \w+; raise it"):
        mixed_text.mix(documents, how(1, 30), 0)
