import numpy as np
import pytest
from commands import done
from tiny_pretraining import WORDS

from lib.contracts.pretraining import BITS, LANGUAGES

ARMS = {"scratch": {"before": "base", "corpus": "news", "languages": ["eng_Latn", "fra_Latn"]}}


def tabulate(table, *bits, arms=ARMS):
    done("pretraining_tabulate", *bits, arms=arms, resamples=200, seed=0, table=table)
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
            assert ("gain" in value) == (arm == "scratch")
    bits, gain = found.xs("bits_per_byte", level="metric"), found.xs("gain", level="metric")
    for lang in WORDS:
        lost = bits["value"]["base", lang] - bits["value"]["scratch", lang]
        assert gain["value"]["scratch", lang] == pytest.approx(lost)
        assert gain["ci_low"]["scratch", lang] < lost < gain["ci_high"]["scratch", lang]
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


def test_an_empty_grid_gives_an_empty_table(tmp_path):
    assert tabulate(tmp_path / "table.parquet", arms={}).empty
