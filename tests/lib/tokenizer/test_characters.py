import numpy as np
import pyarrow as pa
import pytest

from lib.tokenizer import characters

TEXTS = ["aé", "", "猫𠮷"]


def test_starts():
    assert characters.starts("aé猫𠮷").tolist() == [0, 1, 3, 6, 10]
    assert characters.starts("").tolist() == [0]


def test_code_points():
    assert characters.code_points("a猫𠮷").tolist() == [0x61, 0x732B, 0x20BB7]


@pytest.mark.parametrize(
    "texts", [TEXTS, pa.array(TEXTS), pa.array(["x", *TEXTS, "y"], pa.large_string())[1:4]]
)
def test_bytes_of_texts(texts):
    data, octets = characters.utf8(texts)
    assert data.tobytes() == "aé猫𠮷".encode() and octets.tolist() == [3, 0, 7]


def test_bytes_of_no_texts():
    data, octets = characters.utf8([])
    assert len(data) == len(octets) == 0


def test_kinds_of_characters():
    everything = list(map(chr, range(0x10000)))
    assert characters.alphanumeric().tolist() == [char.isalnum() for char in everything]
    assert characters.whitespace().tolist() == [char.isspace() for char in everything]
    assert not any(chr(code).isspace() for code in range(0x10000, 0x110000))
    assert characters.alphanumeric().dtype == np.bool_
