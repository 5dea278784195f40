import json

import pandas as pd
import pytest
from catalogs import catalog, wheel
from commands import run

from lib.contracts.corpus import DOCUMENTS
from lib.splits import SPLITS, normalise
from lib.table import read_provenance

SPLIT = {"dev": 0.1, "test": 0.2}

WORDS = [letter * 3 for letter in "abcdefghijklmn"]
ENGLISH = [f"The {one} of {other}" for one in WORDS for other in WORDS] * 2
ENGLISH = [f"{text} {'again' * (i >= len(WORDS) ** 2)}".strip() for i, text in enumerate(ENGLISH)]
JAPANESE = [(text, f"これは{text}です。日本語の文です。とても長い文です。") for text in ENGLISH]


def build(folder, lang, *inputs, **block):
    """Run the script; the tables land in folder/{split}/{lang}.parquet."""
    block = {"domain": "test", "split": SPLIT, **block}
    outputs = {split: folder / split / f"{lang}.parquet" for split in SPLITS}
    return run("corpus_build", *inputs, corpus=block, lang=lang, seed=0, **outputs)


def tables(folder, lang):
    return {split: DOCUMENTS.read(folder / split / f"{lang}.parquet") for split in SPLITS}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    # One translation for all messages about aaa, in whatever split they are.
    german = [(text, "Alles AAA" if "aaa" in text else f"Das ist {text}") for text in ENGLISH[:350]]
    members = {
        "app/locale/ja/LC_MESSAGES/django.mo": catalog(JAPANESE),
        "app/locale/de/LC_MESSAGES/django.mo": catalog(german),
    }
    archive = wheel(folder / "app.whl", members)
    for lang in ("jpn_Jpan", "deu_Latn", "eng_Latn"):
        done = build(folder, lang, archive, kind="gettext")
        assert done.returncode == 0, done.stderr
    return folder


def test_parallel_messages_are_in_one_split_in_every_language(place):
    english, japanese, german = (tables(place, lang) for lang in ("eng_Latn", "jpn_Jpan", "deu_Latn"))
    for split in SPLITS:
        assert set(english[split].group_id) == set(japanese[split].group_id)
        assert set(german[split].group_id) < set(english[split].group_id)
        pairs = english[split].merge(japanese[split], on="group_id")
        assert set(zip(pairs.text_x, pairs.text_y, strict=True)) <= set(JAPANESE)
    whole = pd.concat(english.values())
    assert sorted(whole.text) == sorted(ENGLISH)
    assert len(english["test"]) / len(whole) == pytest.approx(0.2, abs=0.06)


def test_splits_of_a_language_share_no_text_although_messages_share_translations(place):
    texts = {split: set(map(normalise, rows.text)) for split, rows in tables(place, "deu_Latn").items()}
    assert not texts["train"] & texts["dev"]
    assert not (texts["train"] | texts["dev"]) & texts["test"]
    assert "alles aaa" in texts["test"]


def test_columns_order_and_provenance(place):
    rows = tables(place, "jpn_Jpan")["test"]
    assert set(rows.lang) == {"jpn_Jpan"} and set(rows.domain) == {"test"}
    assert list(rows.doc_id) == sorted(rows.doc_id)
    record = read_provenance(place / "test" / "jpn_Jpan.parquet")
    assert list(record["inputs"]) == [str(place / "app.whl")] and record["seed"] == 0


def test_twice_the_same_and_max_documents_is_a_part(place, tmp_path):
    again = build(tmp_path / "again", "jpn_Jpan", place / "app.whl", kind="gettext")
    assert again.returncode == 0
    assert (
        build(tmp_path / "few", "jpn_Jpan", place / "app.whl", kind="gettext", max_documents=60).returncode
        == 0
    )
    few = tables(tmp_path / "few", "jpn_Jpan")
    for split, rows in tables(place, "jpn_Jpan").items():
        pd.testing.assert_frame_equal(rows, tables(tmp_path / "again", "jpn_Jpan")[split])
        assert set(few[split].doc_id) < set(rows.doc_id)
    assert sum(map(len, few.values())) == 60


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_own_files_repeated_lines_count_once(tmp_path):
    path = write_lines(tmp_path / "a.txt", [f"Satz {i}" for i in range(100)] * 2 + ["satz 7!"])
    assert build(tmp_path, "deu_Latn", path, kind="local").returncode == 0
    assert sum(map(len, tables(tmp_path, "deu_Latn").values())) == 100


def test_own_parallel_files_are_aligned_by_their_key(tmp_path):
    for lang, text in (("deu_Latn", "Satz Nummer"), ("rus_Cyrl", "Предложение номер")):
        rows = [json.dumps({"key": f"s{i}", "text": f"{text} {i}"}) for i in range(80)]
        path = write_lines(tmp_path / f"{lang}.jsonl", rows)
        assert build(tmp_path, lang, path, kind="local", key_column="key").returncode == 0
    german, russian = tables(tmp_path, "deu_Latn"), tables(tmp_path, "rus_Cyrl")
    for split in SPLITS:
        pairs = german[split].merge(russian[split], on="group_id")
        assert len(pairs) == len(german[split]) == len(russian[split])
        assert (pairs.text_x.str.split().str[-1] == pairs.text_y.str.split().str[-1]).all()


def test_pieces_of_a_file_stay_together(tmp_path):
    done = build(tmp_path, "zxx_Zyyy", kind="stdlib", max_documents=60)
    assert done.returncode == 0, done.stderr
    found = tables(tmp_path, "zxx_Zyyy")
    groups = [set(rows.group_id) for rows in found.values()]
    assert sum(map(len, groups)) == len(set.union(*groups))
    assert any(rows.group_id.duplicated().any() for rows in found.values())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([f"GrÃ¶Ã\x9fe {i}" for i in range(60)], "60 of 60 documents have damaged characters"),
        ([f"Предложение {i}" for i in range(60)], "only 0% of the letters are in the script of deu_Latn"),
        ([""], "there are no documents"),
        (["ein Satz", "noch ein Satz"], "none of 2 documents is for"),
    ],
)
def test_alarms_are_one_line_and_write_nothing(tmp_path, lines, message):
    path = write_lines(tmp_path / "a.txt", lines)
    done = build(tmp_path / "out", "deu_Latn", path, kind="local")
    assert done.returncode == 1
    assert done.stderr.startswith("error: corpora: local, deu_Latn: ") and done.stderr.count("\n") == 1
    assert message in done.stderr
    assert not (tmp_path / "out").exists()
