import numpy as np
import pytest
from multilingual import texts

from lib.cli import UserError
from lib.tokenizer import words
from lib.tokenizer.characters import code_points
from lib.tokenizer.trainers import NASTY
from lib.tokenizer.words import by_function, find, icu, is_word, segmenters

MECAB = {"languages": ["jpn_Jpan"], "package": "unidic-lite", "function": "lib.tokenizer.words:mecab"}


def mecab():
    return segmenters("jpn_Jpan", {"mecab": MECAB})[1]


def found(segmenter, text):
    return [text[start:end] for start, end in segmenter.spans([text])]


def test_positions_beyond_the_basic_plane():
    def from_utf16(text, units):
        return words.from_utf16(code_points(text), np.array(units)).tolist()

    assert from_utf16("abc", [1, 3]) == [1, 3]
    assert from_utf16("😀a𠮷b", [2, 3, 5, 6]) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("😀 hello world again", ["hello", "world", "again"]),
        ("Two-part, don't 3.14!", ["Two", "part", "don't", "3.14"]),
        ("ภาษาไทยง่าย", ["ภาษา", "ไทย", "ง่าย"]),
        ("我们喜欢猫。", ["我们", "喜欢", "猫"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("𠮷野家 😀x", ["𠮷", "野家", "x"]),
        (" …!? \n", []),
        ("", []),
    ],
)
def test_words_by_icu(text, expected):
    assert found(icu(), text) == expected


def test_words_by_mecab():
    assert found(mecab(), "猫がマットに座った。\n  😀犬も") == [
        "猫", "が", "マット", "に", "座っ", "た", "犬", "も",
    ]  # fmt: skip


def test_punctuation_is_no_word():
    assert is_word("a") and is_word("3") and is_word("ภ") and not is_word("。") and not is_word(" ")


def test_segmenters_of_a_language():
    both = segmenters("jpn_Jpan", {"mecab": MECAB})
    assert [s.suffix for s in both] == ["", "_mecab"]
    assert [s.name.split()[:2] for s in both] == [["ICU", both[0].name.split()[1]], ["mecab", "(unidic-lite"]]
    assert [s.suffix for s in segmenters("fra_Latn", {"mecab": MECAB})] == [""]
    assert segmenters("zxx_Zyyy", {"mecab": {**MECAB, "languages": ["zxx_Zyyy"]}}) == []


def test_words_by_any_function():
    shells = by_function("shells", "numpy", "shlex:split")
    assert shells.name == f"shells (numpy {np.__version__})" and shells.suffix == "_shells"
    assert found(shells, "a  bc … d") == ["a", "bc", "d"]


@pytest.mark.parametrize(
    ("package", "function"),
    [("no-such-package", "shlex:split"), ("numpy", "shlex:none"), ("numpy", "nope:f")],
)
def test_a_function_that_is_not_there(package, function):
    with pytest.raises(UserError, match=r"tokenizer\.segmenters\.mine: no .*install the package"):
        by_function("mine", package, function)


def test_words_that_are_not_in_the_text():
    with pytest.raises(UserError, match=r"segmenters\.mine: 'ab' is not in"):
        by_function("mine", "numpy", "shlex:split").spans(["a''b"])


def one_by_one(segmenter, many):
    """Words the obvious way: every text on its own, every word on its own."""
    rows, before = [], 0
    for number, text in enumerate(many):
        for start, end in segmenter.spans([text]).tolist():
            space = text[max(start - 1, 0) : start] == " "
            first, last = len(text[:start].encode()), len(text[:end].encode())
            rows.append((number, before + first, before + last, text[start - space : end]))
        before += len(text.encode())
    return rows


# What a line end might join or part if texts were not kept asunder.
EDGES = ["ends in a return\r", "\nbegins with a line end", "\u0301a mark first", "ends in a joiner\u200d", ""]


@pytest.mark.parametrize("make", [icu, mecab])
def test_words_of_many_texts_are_those_of_each_alone(make):
    segmenter, many = make(), [*texts(), *EDGES, *NASTY, "𠮷野家で😀 𠮷 word"]
    got = find(many, segmenter)
    forms = got.forms.to_pylist()
    named = [forms[index] for index in got.form]
    rows = list(zip(got.document.tolist(), got.starts.tolist(), got.ends.tolist(), named, strict=True))
    assert rows == one_by_one(segmenter, many)
    assert len(set(forms)) == len(forms)
    assert [form[0] == " " for _, _, _, form in rows] == got.spaced.tolist()


def test_where_words_are():
    got = find(["é a", "", "x y"], icu())
    assert got.document.tolist() == [0, 0, 2, 2]
    assert got.starts.tolist() == [0, 3, 4, 6] and got.ends.tolist() == [2, 4, 5, 7]
    assert got.forms.to_pylist() == ["é", " a", "x", " y"]


@pytest.mark.parametrize("many", [[], ["…!?"], ["", "😀 😀"]])
def test_no_words_at_all(many):
    got = find(many, icu())
    assert got.document.shape == got.starts.shape == got.ends.shape == got.form.shape == (0,)
    assert got.document.dtype == got.starts.dtype == got.form.dtype == int and len(got.forms) == 0


def test_a_word_takes_its_space_along_but_no_line_end():
    assert find(["a bc"], icu()).forms.to_pylist() == ["a", " bc"]
    assert find(["(bc"], icu()).forms.to_pylist() == ["bc"]
    assert find(["a\nbc"], icu()).forms.to_pylist() == ["a", "bc"]
