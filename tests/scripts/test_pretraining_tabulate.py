import numpy as np
import pytest
from commands import done
from tiny_pretraining import CELL, WORDS

from lib.contracts.bits import LANGUAGES, TEXTS
from lib.contracts.pretraining import BITS
from lib.contracts.pretraining import TEXTS as READ

NEWS = {"corpus": "news", "languages": ["eng_Latn", "fra_Latn"]}
CODE = {"corpus": "python", "languages": ["zxx_Zyyy"]}
PLAIN = {"before": "base", "block": "scratch", "text": [NEWS], "share": None, "fixed": None}
ARMS = {"scratch": PLAIN}


def tabulate(table, *bits, arms=ARMS, against="nano", read=None):
    options = {"arms": arms, "against": {"nano": against, "other": against}}
    texts = table.with_name("texts.parquet")
    options |= {"read": read, "texts": texts} if read else {"texts": texts}
    done("pretraining_tabulate", *bits, **options, resamples=200, seed=0, table=table)
    return LANGUAGES.read(table)


def test_the_table_is_the_ratio_of_totals(nano, scored, tmp_path):
    found = tabulate(tmp_path / "table.parquet", nano / "base.parquet", nano / "scratch.parquet")
    found = found.set_index(["arm", "lang", "metric"])
    for arm, documents_ in zip(("base", "scratch"), scored, strict=True):
        for lang, part in documents_.groupby("lang"):
            size = part["bytes"].sum()
            value = found["value"][arm, lang]
            assert value["bits_per_byte"] == pytest.approx(part["bits"].sum() / size)
            assert value["bytes_per_token"] == pytest.approx(size / part["tokens"].sum())
            assert value["tokens_per_document"] == pytest.approx(part["tokens"].mean())
            assert ("change" in value) == (arm == "scratch")
    bits, change = found.xs("bits_per_byte", level="metric"), found.xs("change", level="metric")
    for lang in WORDS:
        moved = bits["value"]["scratch", lang] - bits["value"]["base", lang]
        assert change["value"]["scratch", lang] == pytest.approx(moved)
        assert change["ci_low"]["scratch", lang] < moved < change["ci_high"]["scratch", lang]
    assert bits["read"].to_dict() == {
        (arm, lang): arm == "scratch" and lang != "rus_Cyrl" for arm in ("base", "scratch") for lang in WORDS
    }
    assert set(found["n_docs"]) == {10} and set(found["n_lost"]) == {0}
    assert found["before"]["scratch"].unique() == ["base"] and found["before"]["base"].isna().all()


def test_lost_documents_are_left_out_and_counted(nano, scored, tmp_path):
    table = scored[0].copy()
    table.loc[table["lang"] == "rus_Cyrl", "bits"] = np.nan
    table.loc[table.index[table["lang"] == "eng_Latn"][0], "bits"] = np.nan
    BITS.write(table, tmp_path / "bits.parquet")
    found = tabulate(tmp_path / "table.parquet", tmp_path / "bits.parquet")
    found = found[found["metric"] == "bits_per_byte"].set_index("lang")
    assert found["n_lost"].to_dict() == {"eng_Latn": 1, "fra_Latn": 0, "rus_Cyrl": 10}
    assert np.isnan(found["value"]["rus_Cyrl"]) and found["n_docs"]["rus_Cyrl"] == 0
    kept = table[(table["lang"] == "eng_Latn") & table["bits"].notna()]
    assert found["value"]["eng_Latn"] == pytest.approx(kept["bits"].sum() / kept["bytes"].sum())


def test_models_are_compared_on_the_documents_that_both_keep(nano, scored, tmp_path):
    mine, theirs = scored[1], scored[1].assign(model="other", tokenizer="many", base="shape")
    theirs["bits"] = theirs["bits"] + 0.25 * theirs["bytes"]
    lost = theirs.index[theirs["lang"] == "rus_Cyrl"][:3]
    theirs.loc[lost, "bits"] = np.nan
    BITS.write(mine, tmp_path / "mine.parquet")
    BITS.write(theirs, tmp_path / "theirs.parquet")
    paths = [tmp_path / "mine.parquet", tmp_path / "theirs.parquet"]
    found = tabulate(tmp_path / "table.parquet", *paths, against="other")
    found = found[found["metric"] == "difference"].set_index("lang")
    assert set(found["model"]) == {"nano"} and set(found["against"]) == {"other"}
    # Every document differs by as much, so that the interval of the pairs has no width.
    for column in ("value", "ci_low", "ci_high"):
        assert found[column].tolist() == pytest.approx([-0.25] * 3)
    assert found["n_docs"].to_dict() == {"eng_Latn": 10, "fra_Latn": 10, "rus_Cyrl": 7}


def test_an_empty_grid_gives_an_empty_table(tmp_path):
    assert tabulate(tmp_path / "table.parquet", arms={}).empty


def test_code_is_compared_with_the_same_training_without_it(nano, scored, tmp_path):
    zero, half = {**PLAIN, "share": 0.0}, {**PLAIN, "text": [NEWS, CODE], "share": 0.5, "fixed": "text"}
    mixed = scored[1].assign(arm="scratch-text-50")
    mixed["bits"] = mixed["bits"] - 0.125 * mixed["bytes"]
    BITS.write(mixed, tmp_path / "mixed.parquet")
    counts = {"segments": 9, "bytes": 300, "tokens": 100, "bytes_read": 600, "tokens_read": 200}
    text = {**CELL, "arm": "scratch-text-50", "corpus": "python", "lang": "zxx_Zyyy", **counts}
    READ.write([text], tmp_path / "read.parquet")
    paths = [nano / "base.parquet", nano / "scratch.parquet", tmp_path / "mixed.parquet"]
    arms = {"scratch": zero, "scratch-text-50": half}
    found = tabulate(tmp_path / "table.parquet", *paths, arms=arms, read=tmp_path / "read.parquet")
    effect = found[found["metric"] == "code_effect"]
    assert set(effect["arm"]) == {"scratch-text-50"} and set(effect["share"]) == {0.5}
    # Every document gains as much, so that the interval of the pairs has no width.
    for column in ("value", "ci_low", "ci_high"):
        assert effect[column].tolist() == pytest.approx([-0.125] * 3)
    shares = found.drop_duplicates("arm").set_index("arm")[["block", "share", "fixed"]].astype(object)
    assert shares.where(shares.notna(), None).to_dict("index") == {
        "base": {"block": None, "share": None, "fixed": None},
        "scratch": {"block": "scratch", "share": 0.0, "fixed": None},
        "scratch-text-50": {"block": "scratch", "share": 0.5, "fixed": "text"},
    }
    (row,) = TEXTS.read(tmp_path / "texts.parquet").to_dict("records")
    assert row == {**text, "block": "scratch", "share": 0.5, "fixed": "text"}
