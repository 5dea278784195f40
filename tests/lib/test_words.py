import pytest

from lib.words import alone, code_points, icu, is_word, located, mecab, segmenters


def found(segmenter, text):
    return [text[start:end] for start, end in segmenter.spans(text)]


def test_positions_beyond_the_basic_plane():
    assert code_points("abc", [1, 3]) == [1, 3]
    assert code_points("😀a𠮷b", [2, 3, 5, 6]) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "words"),
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
def test_words_by_icu(text, words):
    assert found(icu(), text) == words


def test_words_by_mecab():
    assert found(mecab(), "猫がマットに座った。\n  😀犬も") == [
        "猫", "が", "マット", "に", "座っ", "た", "犬", "も",
    ]  # fmt: skip


def test_punctuation_is_no_word():
    assert is_word("a") and is_word("3") and is_word("ภ") and not is_word("。") and not is_word(" ")


def test_segmenters_of_a_language():
    assert [s.suffix for s in segmenters("jpn_Jpan")] == ["", "_mecab"]
    assert [s.name.split()[0] for s in segmenters("jpn_Jpan")] == ["ICU", "MeCab"]
    assert [s.suffix for s in segmenters("fra_Latn")] == [""]
    assert segmenters("zxx_Zyyy") == []


def test_words_are_located_in_bytes_of_all_texts():
    document, starts, ends = located(["é a", "", "猫x"], [[(0, 1), (2, 3)], [], [(1, 2)]])
    assert document.tolist() == [0, 0, 2]
    assert starts.tolist() == [0, 3, 7] and ends.tolist() == [2, 4, 8]


@pytest.mark.parametrize("texts", [[], ["…!?"], ["", "😀 😀"]])
def test_no_words_at_all(texts):
    document, starts, ends = located(texts, [[] for _ in texts])
    assert document.shape == starts.shape == ends.shape == (0,)
    assert document.dtype == starts.dtype == ends.dtype == int


def test_a_word_alone_takes_its_space_along():
    assert alone("a bc", (2, 4)) == " bc" and alone("(bc", (1, 3)) == "bc" and alone("bc", (0, 2)) == "bc"
    assert alone("a\nbc", (2, 4)) == "bc"
