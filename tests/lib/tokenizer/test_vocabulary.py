import pytest

from lib.tokenizer.vocabulary import composition, part


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" hello", "Latn"),
        ("naïve2", "Latn"),
        ("é", "Latn"),
        ("猫", "Hani"),
        ("ラーメン", "Kana"),
        ("食べる", "Jpan"),
        ("ひらカタ", "Jpan"),
        ("한국", "Hang"),
        ("漢한", "mixed"),
        ("aб", "mixed"),
        ("𠮷", "Hani"),
        (" \n\t", "whitespace"),
        ("", "whitespace"),
        ("42", "digits"),
        (" ٣", "digits"),
        ("4.2", "punctuation"),
        ("=>", "punctuation"),
        ("😀", "punctuation"),
        ("。", "punctuation"),
    ],
)
def test_where_a_token_belongs(text, expected):
    assert part(text.encode()) == expected


def test_a_part_of_a_character_belongs_to_no_script():
    assert part("猫".encode()[:2]) == "bytes" and part(b"a\xe3") == "bytes"


def test_composition_counts_every_token_once():
    found = composition([b"a", b"b", b" ", b"\xe3", "猫".encode()], bytes_alone=2, special=1)
    assert list(found.items()) == [("bytes", 3), ("Latn", 2), ("Hani", 1), ("special", 1), ("whitespace", 1)]
    assert composition([], 0, 0) == {}
