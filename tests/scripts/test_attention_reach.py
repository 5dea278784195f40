import numpy as np
import pytest
from commands import run
from tiny_lm import WORDS, save_model

from lib.contracts.attention import REACH
from lib.contracts.corpus import DOCUMENTS
from lib.table import read_provenance


def documents(path, lang, texts):
    DOCUMENTS.write(
        [
            {
                "doc_id": f"{lang}-{group}",
                "lang": lang,
                "domain": "test",
                "group_id": str(group),
                "text": text,
                "source": "here",
            }
            for group, text in texts.items()
        ],
        path,
    )
    return str(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reach")
    save_model(folder / "model")
    words = {group: f"{WORDS} {group}" for group in range(40)}
    latin = documents(folder / "eng_Latn.parquet", "eng_Latn", words)
    # Groups 38 and 39 are missing: they have no translation, so they are not read.
    kana = documents(folder / "jpn_Jpan.parquet", "jpn_Jpan", {group: f"かな{group}" for group in range(38)})
    domains = {
        "maths": {"corpus": "sums", "files": [latin]},
        "translation": {"corpus": "pairs", "files": [latin, kana]},
    }
    return folder, domains


def probe(folder, domains, output, **options):
    how = {"tokens": 48, "windows": 3, "first_query": 12, "sinks": 2, "sink_threshold": 1, "resamples": 50}
    names = {"model": folder / "model", "name": "tiny", "domains": domains, "reach": output}
    return run("attention_reach", **names, dtype="float32", **how | options)


@pytest.fixture(scope="module")
def reach(place):
    folder, domains = place
    done = probe(folder, domains, folder / "reach.parquet")
    assert done.returncode == 0, done.stderr
    return REACH.read(folder / "reach.parquet")


def test_one_row_per_domain_layer_head_and_statistic(reach):
    assert len(reach) == 2 * 2 * 4 * 6
    assert set(zip(reach["domain"], reach["corpus"], reach["lang"], strict=True)) == {
        ("maths", "sums", "eng_Latn"),
        ("translation", "pairs", "eng_Latn>jpn_Jpan"),
    }
    assert set(zip(reach["statistic"], reach["unit"], strict=True)) == {
        ("reach", "token"),
        ("reach", "char"),
        ("null_reach", "token"),
        ("null_reach", "char"),
        ("sink_share", "token"),
        ("sink_keys", "token"),
    }
    assert (reach["n_docs"] == 3).all()
    assert (reach["arm"] == "base").all() and (reach["round"] == 0).all()
    assert list(reach[list(REACH.key)].itertuples(index=False)) == sorted(
        reach[list(REACH.key)].itertuples(index=False)
    )


def test_values_are_where_they_can_be(reach):
    assert (reach["ci_low"] <= reach["value"]).all() and (reach["value"] <= reach["ci_high"]).all()
    kind = reach.groupby(["statistic", "unit"])["value"]
    assert kind.min()["sink_share", "token"] > 0 and kind.max()["sink_share", "token"] < 1
    # Even attention without the two sinks: mean over queries 12..47 of (i - 2) / 2.
    even = np.mean([(i - 2) / 2 for i in range(12, 48)])
    null = reach[(reach["statistic"] == "null_reach") & (reach["unit"] == "token")]
    assert null["value"].to_numpy() == pytest.approx(even)
    assert null["ci_low"].to_numpy() == pytest.approx(even)


def test_the_threshold_makes_more_keys_sinks(place, reach, tmp_path):
    folder, domains = place
    maths = {"maths": domains["maths"]}
    assert probe(folder, maths, tmp_path / "reach.parquet", sink_threshold=0.04).returncode == 0
    below = REACH.read(tmp_path / "reach.parquet").set_index(["statistic", "unit"])["value"]
    without = reach[reach["domain"] == "maths"].set_index(["statistic", "unit"])["value"]
    for key in (("sink_keys", "token"), ("sink_share", "token")):
        assert below.loc[key].mean() > without.loc[key].mean()
    assert (without.loc["sink_keys", "token"] == 2).all()


def test_kana_are_fewer_characters_a_token_than_words(reach):
    null = reach[reach["statistic"] == "null_reach"].groupby(["domain", "unit"])["value"].mean()
    assert null["translation", "char"] < null["maths", "char"]
    assert null["translation", "token"] == null["maths", "token"]


def test_the_same_seed_gives_the_same_table(place, reach):
    folder, domains = place
    again = folder / "again.parquet"
    assert probe(folder, domains, again).returncode == 0
    assert REACH.read(again).equals(reach)


def test_the_file_says_what_was_measured(place, reach):
    record = read_provenance(place[0] / "reach.parquet")
    assert record["dtype"] == "torch.float32"
    assert (record["tokens"], record["first_query"], record["sinks"], record["seed"]) == (48, 12, 2, 0)
    assert len(record["inputs"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"windows": 500}, "of 500 windows of 48 tokens; lower attention/windows"),
        ({"first_query": 48}, "--sinks 2, --first-query 48, --tokens 48"),
        ({"tokens": 256}, "reads at most 128 tokens; lower attention/tokens"),
    ],
)
def test_a_mistake_is_one_clear_line_and_no_table(place, options, message, tmp_path):
    folder, domains = place
    done = probe(folder, domains, tmp_path / "reach.parquet", **options)
    assert done.returncode == 1
    assert message in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reach.parquet").exists()
