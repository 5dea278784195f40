import numpy as np
import pytest
from multilingual import texts

from lib.tokenizer import parts
from lib.tokenizer.ratios import Ratio
from lib.tokenizer.trainers import NASTY
from lib.tokenizer.words import icu

TEXTS = ["", *texts(), *NASTY, *texts(), " a b", "a b ", "a  b", ""]


def one_by_one(text):
    """Parts the obvious way: before each space that stands alone, before what no mark attaches to."""
    found, start = [], 0
    for place in range(1, len(text) - 1):
        before, here, after = text[place - 1 : place + 2]
        visible = "!" <= after <= "~" or (after.isalnum() and after <= "\uffff" and after not in "ﾞﾟ")
        if here == " " and not before.isspace() and before <= "\uffff" and visible:
            found.append(text[start:place])
            start = place
    return [*found, text[start:]] if text else []


def spelt(found):
    """The parts of each text."""
    forms = found.forms.to_pylist()
    return [[forms[index] for index in some] for some in np.split(found.form, found.first[1:-1])]


def test_parts_are_those_of_each_text():
    found = parts.at_spaces(TEXTS)
    assert spelt(found) == [one_by_one(text) for text in TEXTS]
    forms = found.forms.to_pylist()
    assert len(set(forms)) == len(forms)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the cat sat", ["the", " cat", " sat"]),
        ("two  spaces, one tab\tend ", ["two  spaces,", " one", " tab\tend "]),
        (" first", [" first"]),
        ("e \u0301 mark", ["e \u0301", " mark"]),
        ("か ﾞ a", ["か ﾞ", " a"]),
        ("猫 😀 犬", ["猫 😀 犬"]),  # beyond the basic plane it is not looked up
        ("", []),
    ],
)
def test_where_a_text_is_parted(text, expected):
    assert spelt(parts.at_spaces([text])) == [expected]


def test_whole_texts():
    found = parts.whole(["a b", "", "a b"])
    assert spelt(found) == [["a b"], [""], ["a b"]] and found.forms.to_pylist() == ["a b", ""]
    assert found.occurrences().tolist() == [2, 1]


def test_totals_by_hand():
    found = parts.at_spaces(["a b b", "", "b"])  # forms: a, " b", b
    assert found.forms.to_pylist() == ["a", " b", "b"] and found.occurrences().tolist() == [1, 2, 1]
    assert found.total(np.array([10, 1, 5])).tolist() == [12, 0, 5]
    ratio = found.ratio(Ratio(np.array([10, 1, 5]), np.array([True, True, False])))
    assert ratio.numerators.tolist() == [12, 0, 5] and ratio.denominators.tolist() == [3, 0, 0]


def test_no_texts():
    for found in (parts.at_spaces([]), parts.whole([])):
        assert len(found.forms) == len(found.form) == 0 and found.total(np.zeros(0, int)).tolist() == []


def test_words_keep_to_parts_whatever_follows_a_space():
    """The words of a text are those of its parts, whichever character a part begins or ends with."""
    many = [f"ab {chr(code)}c{chr(code)} d" for code in range(0x20, 0x10000) if not 0xD800 <= code < 0xE000]
    found, segmenter = parts.at_spaces(many), icu()
    assert len(found.form) > 2.5 * len(many)

    def words(texts):
        joined = "\n".join(texts)
        return [joined[start:end] for start, end in segmenter.spans(texts).tolist()]

    forms = found.forms.to_pylist()
    assert words([forms[index] for index in found.form]) == words(many)
