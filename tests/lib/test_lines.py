import gzip
import io
import random

import pytest

from lib.cli import UserError
from lib.lines import check_utf8, lines, records


def read(data, kind=records):
    return list(kind(io.BytesIO(data), "a.jsonl"))


def mistake(data, kind=records):
    with pytest.raises(UserError) as error:
        read(data, kind)
    return str(error.value)


def test_lines_with_their_places():
    data = "\ufeffGröße\r\n\n日本".encode()
    assert read(data, lines) == [("a.jsonl:1", "Größe\n"), ("a.jsonl:2", "\n"), ("a.jsonl:3", "日本")]


def test_blank_lines_are_no_records_and_count_as_lines():
    assert read(b'{"a": 1}\n\n  \n{"a": 2}\n') == [("a.jsonl:1", {"a": 1}), ("a.jsonl:4", {"a": 2})]


@pytest.mark.parametrize("line", ['{"a": ', '{"a": 1} 2', '{"a": ' + "1" * 5000 + "}", "[" * 100_000])
def test_a_line_that_is_not_json(line):
    assert mistake(f'{{"a": 1}}\n\n{line}\n'.encode()).startswith("a.jsonl:3: not valid JSON (")


@pytest.mark.parametrize("line", ["[1]", '"text"', "null", "7"])
def test_a_line_that_is_no_object(line):
    assert mistake(f'{{"a": 1}}\n{line}\n'.encode()).startswith("a.jsonl:2: not a JSON object; each line")


@pytest.mark.parametrize("kind", [lines, records])
def test_the_line_that_is_not_utf8(kind):
    data = b'{"a": 1}\n' * 5 + '{"a": "ö"}\n'.encode("latin-1") + b'{"a": 1}\n' * 5
    assert mistake(data, kind) == "a.jsonl:6: not in UTF-8; save the file in this encoding"


def damaged(data, how):
    packed = bytearray(gzip.compress(data))
    if how == "cut":
        return packed[: len(packed) // 2]
    if how == "no gzip":
        packed[0] = 0
    elif how == "checksum":
        packed[-8] ^= 1
    else:
        packed[len(packed) // 2 : len(packed) // 2 + 50] = b"\xff" * 50
    return packed


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("cut", "Compressed file ended"),
        ("no gzip", "Not a gzipped file"),
        ("checksum", "CRC check failed"),
        ("bytes", "Error -3 while decompressing"),
    ],
)
def test_a_damaged_file_says_from_where(how, said):
    draw = random.Random(0)
    texts = [f"{draw.random()}\n" for _ in range(40_000)]
    file = gzip.GzipFile(fileobj=io.BytesIO(damaged("".join(texts).encode(), how)))
    found = []
    with pytest.raises(UserError) as error:
        for _, text in lines(file, "a.txt.gz"):
            found.append(text)
    assert found == texts[: len(found)]
    assert 0 < len(found) < len(texts) if how in ("cut", "bytes") else len(found) in (0, len(texts))
    assert str(error.value).startswith(f"a.txt.gz:{len(found) + 1}: cannot be read from here on ({said}")
    assert str(error.value).endswith("the file is damaged, fetch or write it again")


def test_half_a_surrogate_pair():
    check_utf8("whole \U0001f600", "a.jsonl:1", "the text")
    with pytest.raises(UserError, match=r"^a\.jsonl:1: the text has half a surrogate pair, '\\ud83d', which"):
        check_utf8("half \ud83d", "a.jsonl:1", "the text")
