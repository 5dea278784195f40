import numpy as np
import pytest
from commands import done
from multilingual import SENTENCES, texts, write_corpus

from lib.contracts.corpus import DOCUMENTS
from lib.contracts.tokenizer import LENGTHS, LORENZ, METRICS, ZIPF
from lib.tokenizer import trainers
from lib.tokenizer.token_bytes import token_bytes
from lib.tokenizer.words import icu


def measure(folder, documents, corpus="parallel", settings=None):
    mecab = {"languages": ["jpn_Jpan"], "package": "unidic-lite", "function": "lib.tokenizer.words:mecab"}
    outputs = {name: folder / f"{name}.parquet" for name in ("metrics", "lorenz", "lengths")}
    done(
        "tokenizer_measure",
        *documents,
        name="tok",
        corpus=corpus,
        reference="eng_Latn",
        settings=settings or {"family": "bytebpe", "mix": "all"},
        resamples=50,
        segmenters={"mecab": mecab},
        tokenizer=folder / "tokenizer.json",
        curves=folder / "zipf.parquet",
        **outputs,
    )
    return METRICS.read(folder / "metrics.parquet"), ZIPF.read(folder / "zipf.parquet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("measure")


@pytest.fixture(scope="module")
def measured(folder):
    tokenizer = trainers.bytebpe(texts() * 2, 330)
    trainers.save(tokenizer, folder)
    metrics, curves = measure(folder, write_corpus(folder, "test"))
    return tokenizer, metrics, curves


@pytest.fixture(scope="module")
def tables(folder, measured):
    """Lorenz curve and lengths of the same run."""
    return LORENZ.read(folder / "lorenz.parquet"), LENGTHS.read(folder / "lengths.parquet")


def slow(tokenizer, lang):
    """Word metrics the obvious way: every word on its own."""
    table, totals = (
        token_bytes(tokenizer),
        dict.fromkeys(("tokens", "words", "alone", "cut", "cut_alone", "whole"), 0),
    )

    def boundaries(text):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        return [len(b"".join(table[i] for i in ids[: n + 1])) for n in range(len(ids) - 1)]

    for text in SENTENCES[lang]:
        totals["tokens"] += len(tokenizer.encode(text, add_special_tokens=False).ids)
        for start, end in icu().spans([text]).tolist():
            space = text[max(start - 1, 0) : start] == " "
            first, last = len(text[:start].encode()), len(text[:end].encode())
            inside = sum(first < cut < last for cut in boundaries(text))
            alone = sum(cut > space for cut in boundaries(text[start - space : end]))
            edges = {0, *boundaries(text), len(text.encode())}
            begun = first in edges or (space and first - 1 in edges)
            totals["whole"] += begun and last in edges and not inside
            totals["words"] += 1
            totals["alone"] += 1 + alone
            totals["cut"] += inside > 0
            totals["cut_alone"] += alone > 0
    return totals


@pytest.mark.parametrize("lang", SENTENCES)
def test_word_metrics_are_those_of_the_slow_way(measured, lang):
    tokenizer, metrics, _ = measured
    totals = slow(tokenizer, lang)
    rows = metrics[metrics["lang"] == lang].set_index("metric")
    for metric, part in [
        ("tokens_per_word", "tokens"),
        ("fertility", "alone"),
        ("continued_words", "cut"),
        ("continued_words_isolated", "cut_alone"),
        ("single_token_words", "whole"),
    ]:
        assert rows.loc[metric, "value"] == pytest.approx(totals[part] / totals["words"])
        assert rows.loc[metric, "n_words"] == totals["words"]
        assert rows.loc[metric, "ci_low"] <= rows.loc[metric, "value"] <= rows.loc[metric, "ci_high"]
        assert rows.loc[metric, "segmenter"].startswith("ICU ")


def test_metrics_without_words(measured):
    tokenizer, metrics, _ = measured
    for lang, sentences in SENTENCES.items():
        rows = metrics[metrics["lang"] == lang].set_index("metric")
        tokens = sum(len(tokenizer.encode(text).ids) for text in sentences)
        assert rows.loc["chars_per_token", "value"] == pytest.approx(sum(map(len, sentences)) / tokens)
        assert rows.loc["bytes_per_token", "value"] == pytest.approx(
            sum(len(t.encode()) for t in sentences) / tokens
        )
        assert rows.loc["round_trip", "value"] == 1 and rows.loc["unk_rate", "value"] == 0
        english = sum(len(tokenizer.encode(text).ids) for text in SENTENCES["eng_Latn"])
        assert rows.loc["premium", "value"] == pytest.approx(tokens / english)
        assert rows.loc[["chars_per_token", "premium"], ["n_words", "segmenter"]].isna().all(axis=None)
        assert (rows["n_docs"] == 3).all()


def test_japanese_has_a_second_segmenter(measured):
    _, metrics, _ = measured
    second = metrics[metrics["metric"].str.endswith("_mecab")]
    assert set(second["lang"]) == {"jpn_Jpan"} and len(second) == 5
    assert second["segmenter"].str.startswith("mecab (unidic-lite ").all()


def test_lengths_are_those_of_each_document(measured, tables):
    tokenizer, *_ = measured
    lengths = tables[1].set_index("doc_id")
    for lang, sentences in SENTENCES.items():
        for number, text in enumerate(sentences):
            row = lengths.loc[f"{lang}-0-{number}"]
            assert (row["lang"], row["bytes"]) == (lang, len(text.encode()))
            assert row["tokens"] == len(tokenizer.encode(text).ids)


def test_inequality_is_over_what_all_say(measured, tables):
    tokenizer, metrics, _ = measured
    costs = {lang: sum(len(tokenizer.encode(text).ids) for text in said) for lang, said in SENTENCES.items()}
    values = list(costs.values())
    pairs = sum(abs(a - b) for a in values for b in values)
    (row,) = metrics[metrics["metric"] == "gini"].to_dict("records")
    assert row["lang"] == "mul_Zyyy" and row["n_docs"] == 3
    assert row["value"] == pytest.approx(pairs / (2 * 16 * sum(values) / 4), abs=1e-12)
    assert row["ci_low"] <= row["value"] <= row["ci_high"]
    curve = tables[0]
    assert dict(zip(curve["lang"], curve["tokens"], strict=True)) == costs
    assert curve["tokens"].is_monotonic_increasing and curve["share_of_languages"].tolist() == [
        0.25,
        0.5,
        0.75,
        1,
    ]
    assert curve["share_of_tokens"].iloc[-1] == 1 and (np.diff(curve["share_of_tokens"], 2) >= -1e-12).all()


def test_languages_that_share_nothing_have_no_inequality(measured, tmp_path):
    trainers.save(measured[0], tmp_path)
    row = {"domain": "chat", "source": "test", "doc_id": "1", "text": "a cat"}
    for lang in ("eng_Latn", "fra_Latn"):
        DOCUMENTS.write([{**row, "lang": lang, "group_id": lang}], tmp_path / f"{lang}.parquet")
    metrics, _ = measure(tmp_path, [tmp_path / "eng_Latn.parquet", tmp_path / "fra_Latn.parquet"])
    assert {"gini", "premium"}.isdisjoint(metrics["metric"])
    assert LORENZ.read(tmp_path / "lorenz.parquet").empty


def test_curves(measured):
    _, _, curves = measured
    assert set(curves["lang"]) == {*SENTENCES, "mul_Zyyy"}
    assert curves["alpha_1"].isna().all()  # far too little text for a fit
    for _, curve in curves.groupby("lang"):
        assert curve["rank"].is_monotonic_increasing and curve["frequency"].is_monotonic_decreasing
        assert curve["rank"].iloc[0] == 1 and curve["frequency"].sum() <= 1 + 1e-9


def test_code_has_neither_words_nor_premium(measured, tmp_path):
    tokenizer, _, _ = measured
    trainers.save(tokenizer, tmp_path)
    row = {"doc_id": "1", "lang": "zxx_Zyyy", "domain": "code", "group_id": "1", "source": "test"}
    DOCUMENTS.write([{**row, "text": "def f(x):\n    return x\n" * 3}], tmp_path / "zxx_Zyyy.parquet")
    metrics, curves = measure(
        tmp_path, [tmp_path / "zxx_Zyyy.parquet"], "code", {"family": "pretrained", "mix": None}
    )
    assert metrics["segmenter"].isna().all() and metrics["mix"].isna().all()
    assert "premium" not in set(metrics["metric"]) and "tokens_per_word" not in set(metrics["metric"])
    assert set(curves["lang"]) == {"zxx_Zyyy"}


def test_a_language_without_any_word_has_no_word_metrics(measured, tmp_path):
    tokenizer, _, _ = measured
    trainers.save(tokenizer, tmp_path)
    row = {"lang": "fra_Latn", "domain": "chat", "source": "test"}
    texts = ["😀", "…", "😀 !"]
    rows = [{**row, "doc_id": str(i), "group_id": str(i), "text": text} for i, text in enumerate(texts)]
    DOCUMENTS.write(rows, tmp_path / "fra_Latn.parquet")
    metrics, _ = measure(tmp_path, [tmp_path / "fra_Latn.parquet"])
    metrics = metrics.set_index("metric")
    words = metrics.loc[["tokens_per_word", "fertility", "continued_words", "continued_words_isolated"]]
    assert words[["value", "ci_low", "ci_high"]].isna().all(axis=None)
    assert (words["n_words"] == 0).all() and (words["n_docs"] == 3).all()
    assert metrics.loc[["chars_per_token", "bytes_per_token"], "value"].notna().all()
