import gzip
import json

import pandas as pd
import pytest

from lib.cli import UserError
from lib.sources import local


def read(*paths, **settings):
    return list(local.documents(settings, "deu_Latn", list(paths), 0))


def rows(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_a_line_of_text_is_a_document(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffErste Zeile\r\n\r\n  Zweite \n".encode())
    found = read(path)
    assert [document.text for document in found] == ["Erste Zeile", "Zweite"]
    assert found[1].source == f"{path}:3"
    assert found[0].key == "erste zeile"


def test_every_format_says_the_same(tmp_path):
    records = [{"id": 7, "body": "Größe"}, {"id": 8, "body": "日本"}]
    plain = rows(tmp_path / "a.jsonl", *records)
    parquet = tmp_path / "a.parquet"
    pd.DataFrame(records).to_parquet(parquet)
    packed = []
    for path in (plain, parquet):
        packed.append(path.with_name(f"{path.name}.gz"))
        packed[-1].write_bytes(gzip.compress(path.read_bytes()))
    for path in (plain, parquet, *packed):
        found = read(path, text_column="body", key_column="id")
        assert [(d.key, d.message, d.text) for d in found] == [("7", "7", "Größe"), ("8", "8", "日本")]


def test_files_are_read_in_the_order_given(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text(f"in {name}")
    assert [d.text for d in read(tmp_path / "b.txt", tmp_path / "a.txt")] == ["in b", "in a"]


def test_mistakes_name_the_file(tmp_path):
    bad = tmp_path / "latin.txt"
    bad.write_bytes("Größe".encode("latin-1"))
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "a"}\n{"text": \n')
    packed = tmp_path / "cut.txt.gz"
    packed.write_bytes(gzip.compress(b"text" * 1000)[:-20])
    fake = tmp_path / "fake.parquet"
    fake.write_text("no table")
    for path in (bad, broken, packed, fake, tmp_path / "missing.txt"):
        with pytest.raises(UserError, match=f"{path.name}: cannot be read as"):
            read(path)
    other = tmp_path / "table.csv"
    other.write_text("a,b")
    with pytest.raises(UserError, match=r"table\.csv: unknown format; known are \.txt"):
        read(other)
    with pytest.raises(UserError, match=r"a\.jsonl:2: no field 'text'; there are body"):
        read(rows(tmp_path / "a.jsonl", {"text": "a"}, {"body": "b"}))
    with pytest.raises(UserError, match="no files for deu_Latn"):
        read()
