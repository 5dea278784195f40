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
    for path, message in (
        (bad, "latin.txt:1: not in UTF-8; save the file"),
        (broken, r"broken.jsonl:2: not valid JSON \(.*; each line must be"),
        (packed, r"cut.txt.gz:1: cannot be read from here on \(.*; the file is damaged"),
        (fake, "fake.parquet: cannot be read as .parquet: .*; correct the path, or write"),
        (tmp_path / "missing.txt", "missing.txt: cannot be read as .txt: .*No such file"),
    ):
        with pytest.raises(UserError, match=message):
            read(path)
    other = tmp_path / "table.csv"
    other.write_text("a,b")
    with pytest.raises(UserError, match=r"table\.csv: unknown format; known are \.txt"):
        read(other)
    with pytest.raises(UserError, match=r"a\.jsonl:2: no field 'text'; there are body; correct text_column"):
        read(rows(tmp_path / "a.jsonl", {"text": "a"}, {"body": "b"}))
    with pytest.raises(UserError, match=r"a\.jsonl:1: no field 'id'; there are text; correct key_column"):
        read(rows(tmp_path / "a.jsonl", {"text": "a"}), key_column="id")
    with pytest.raises(UserError, match="no files for deu_Latn"):
        read()


def test_damaged_compression(tmp_path):
    table = tmp_path / "a.parquet"
    pd.DataFrame({"text": [f"Satz {i}" for i in range(999)]}).to_parquet(table)
    for name, data in (("a.txt.gz", b"ein Satz\n" * 999), ("a.parquet.gz", table.read_bytes())):
        path, packed = tmp_path / name, bytearray(gzip.compress(data))
        packed[15:40] = b"\xff" * 25
        path.write_bytes(packed)
        with pytest.raises(UserError, match=rf"{name}.*: cannot be read .*Error -3 while decompressing"):
            read(path)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("[1, 2]", "not a JSON object; each line must be one"),
        ('{"text": null}', "field 'text' is null; give it a value, or leave the row out"),
        ('{"text": "a \\ud83d"}', r"field 'text' has half a surrogate pair, '\ud83d', which"),
        ('{"text": "a", "id": "\\udc00"}', r"field 'id' has half a surrogate pair, '\udc00', which"),
        ('{"text": "a", "id": null}', "field 'id' is null"),
    ],
)
def test_the_line_of_a_bad_record(tmp_path, record, message):
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "a", "id": 1}}\n\n{record}\n')
    with pytest.raises(UserError) as error:
        read(path, key_column="id" if '"id"' in record else None)
    assert str(error.value).startswith(f"{path}:3: {message}")


def test_what_is_not_used_may_be_anything(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "\\ud83d\\ude00", "other": "\\ud83d", "another": null}\n')
    assert [document.text for document in read(path)] == ["\U0001f600"]


def test_the_source_is_the_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('\n{"text": "a"}\n\n{"text": "b"}\n')
    assert [document.source for document in read(path)] == [f"{path}:2", f"{path}:4"]
