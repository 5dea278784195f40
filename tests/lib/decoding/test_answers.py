from types import SimpleNamespace

import pytest
from tiny_cell import PLAIN

from lib.decoding.answers import answer, confidence, status, token_span
from lib.decoding.verifiers import Span, last_number

FILTER = ("empty", "length", "question")
PIECES = [" The", " answer", " is", " ", "1", ",", "01", "8", ".", "\n", "Q", "?", " 95", "</s>"]


def decode(ids):
    return "".join(PIECES[index] for index in ids)


def ids(*pieces):
    return [PIECES.index(piece) for piece in pieces]


def item(answer, verifier="number"):
    return SimpleNamespace(answer=answer, verifier=verifier, preamble="", tests="assert x == 95")


def branch(pieces, margins, stop_reason="end", completion=None):
    tokens = ids(*pieces)
    text = decode(tokens).removesuffix("</s>") if completion is None else completion
    return SimpleNamespace(
        **PLAIN
        | {"completion": text, "token_ids": tokens, "token_margins": margins, "stop_reason": stop_reason}
    )


def test_a_number_of_several_tokens():
    tokens = ids(" The", " answer", " is", " ", "1", ",", "01", "8", ".", "\n", "Q")
    span = last_number(decode(tokens))
    assert decode(tokens)[span.start : span.end] == "1,018"
    assert token_span(decode, tokens, span) == (4, 8)


def test_a_token_with_part_of_the_answer_counts():
    tokens = ids(" is", " 95", ".")
    assert token_span(decode, tokens, Span(4, 6)) == (1, 2)  # "95" of " 95"
    assert token_span(decode, tokens, Span(4, 7)) == (1, 3)


def test_characters_of_several_tokens():
    text = "aé€é"  # 1, 2, 3 and 2 bytes

    def bytewise(prefix):
        return bytes(prefix).decode(errors="replace")

    def by_fallback(prefix):  # as sentencepiece does: one sign for each byte of an open character
        for end in range(len(prefix), -1, -1):
            try:
                return bytes(prefix[:end]).decode() + "�" * (len(prefix) - end)
            except UnicodeDecodeError:
                pass

    for how in (bytewise, by_fallback):
        tokens = list(text.encode())
        assert token_span(how, tokens, Span(1, 2)) == (1, 3)
        assert token_span(how, tokens, Span(2, 3)) == (3, 6)
        assert token_span(how, tokens, Span(3, 4)) == (6, 8)
        assert token_span(how, tokens, Span(0, 4)) == (0, 8)


def test_the_margin_is_the_mean_over_the_answers_tokens():
    one = branch(
        [" The", " answer", " is", " ", "1", ",", "01", "8", ".", "</s>"],
        [0.9, 0.9, 0.9, 0.9, 0.1, 0.2, 0.3, 0.6, 0.9, 0.9],
    )
    assert answer(one, item("1018"), decode, FILTER) == {
        "extracted": "1018",
        "span_start": 4,
        "span_end": 8,
        "margin": pytest.approx((0.1 + 0.2 + 0.3 + 0.6) / 4),
        "chain": True,
        "status": "answered",
        "score": 1.0,
        "outcome": None,
        "correct": True,
    }
    wrong = answer(one, item("1019"), decode, FILTER)
    assert (wrong["score"], wrong["correct"]) == (0.0, False)


def test_the_branch_token_can_be_in_the_answer():
    found = answer(branch([" 95", "</s>"], [0.25, 0.75]), item("95"), decode, FILTER)
    assert (found["span_start"], found["span_end"], found["margin"]) == (0, 1, 0.25)
    assert found["chain"] is False  # nothing but white space before it


def test_text_that_was_cut_at_a_stop_string_holds_no_answer():
    one = branch([" is", " 95", "\n", "1"], [0.1, 0.2, 0.3, 0.4], "stop", " is 95")
    found = answer(one, item("95"), decode, FILTER)
    assert (found["extracted"], found["span_end"], found["status"]) == ("95", 2, "answered")


def test_no_answer():
    found = answer(branch([" The", " answer", "</s>"], [0.1, 0.2, 0.3]), item("95"), decode, FILTER)
    assert found == {
        "extracted": None,
        "span_start": None,
        "span_end": None,
        "margin": None,
        "chain": None,
        "status": "no-answer",
        "score": 0.0,
        "outcome": None,
        "correct": False,
    }


def test_degrees_are_neither_right_nor_wrong():
    one = branch([" The", " answer", "</s>"], [0.2, 0.4, 0.9])
    found = answer(one, item("The answer", "chrf"), decode, FILTER)
    assert found["correct"] is None
    assert found["score"] == pytest.approx(1)
    assert found["margin"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("completion", "reason", "found", "expected"),
    [
        (" \n", "end", False, "empty"),
        ("", "length", False, "empty"),
        (" 95", "length", True, "length"),
        (" is it 95? ", "stop", True, "question"),
        (" 95", "end", True, "answered"),
        (" 95", "stop", True, "answered"),
        (" who knows", "end", False, "no-answer"),
    ],
)
def test_status(completion, reason, found, expected):
    assert status(completion, reason, found, FILTER) == expected


def test_each_part_of_the_filter_can_be_left_out():
    cases = [("", "end"), ("1", "length"), ("1?", "stop"), ("1?", "length"), ("?", "end")]

    def found(*filter):
        return [status(text, reason, "1" in text, filter) for text, reason in cases]

    assert found() == ["no-answer", "answered", "answered", "answered", "no-answer"]
    assert found("length") == ["no-answer", "length", "answered", "length", "no-answer"]
    assert found("question") == ["no-answer", "answered", "question", "question", "question"]
    assert found("empty", "question") == ["empty", "answered", "question", "question", "question"]


def asked(pieces, margins, said, said_margins, **changes):
    one = branch(pieces, margins)
    one.asked_completion, one.asked_ids, one.asked_margins = decode(ids(*said)), ids(*said), said_margins
    return SimpleNamespace(**vars(one) | changes)


def test_the_answer_that_is_named_is_found_in_the_branch():
    one = asked([" The", " 95", " is", "1", "8"], [0.1, 0.2, 0.3, 0.4, 0.5], [" 95", "."], [0.9, 0.9])
    found = answer(one, item("95"), decode, FILTER)
    expected = {"extracted": "95", "span_start": 1, "span_end": 2, "margin": 0.2, "chain": True}
    assert {key: found[key] for key in expected} == expected
    assert (found["status"], found["correct"]) == ("answered", True)


def test_of_several_places_the_last_one_counts():
    one = asked([" 95", " is", " 95", "."], [0.1, 0.2, 0.3, 0.4], [" 95"], [0.9])
    assert answer(one, item("95"), decode, FILTER)["span_start"] == 2


def test_a_number_that_the_branch_does_not_have_is_not_well_formed():
    one = asked([" The", " answer"], [0.1, 0.2], [" is", " 95"], [0.7, 0.6])
    found = answer(one, item("95"), decode, FILTER)
    expected = {"extracted": "95", "span_start": None, "span_end": None, "margin": 0.6, "chain": True}
    assert {key: found[key] for key in expected} == expected
    assert (found["status"], found["correct"]) == ("unaligned", True)
    other = answer(one, item("is 95", "exact"), decode, FILTER)
    assert (other["status"], other["margin"]) == ("answered", pytest.approx(0.65))


def test_a_branch_that_names_nothing_has_no_answer():
    one = asked([" 95"], [0.1], [" The"], [0.9])
    assert answer(one, item("95"), decode, FILTER)["status"] == "no-answer"


def test_confidence_is_the_margin_of_a_well_formed_answer():
    sure = branch([" is", " ", "1", "8", ".", "</s>"], [0.9, 0.9, 0.5, 0.7, 0.1, 0.1])
    assert confidence(sure, "number", decode, FILTER) == pytest.approx(0.6)
    assert confidence(branch([" is", "."], [0.9, 0.9]), "number", decode, FILTER) == 0.0
    long = branch([" is", " 95"], [0.9, 0.9], "length")
    assert confidence(long, "number", decode, FILTER) == 0.0
    assert confidence(long, "number", decode, ()) == 0.9


@pytest.mark.parametrize(
    ("text", "extracted", "margin"), [(" No", "no", 0.5), ("yes", "yes", -0.5), ("TRUE", "yes", -0.5)]
)
def test_masses_of_yes_and_no_are_compared(text, extracted, margin):
    _compared("yes-no", "no", text, extracted, margin)


@pytest.mark.parametrize(("text", "margin"), [(" Odd", 0.5), ("even", -0.5)])
def test_masses_of_even_and_odd_are_compared(text, margin):
    _compared("even-odd", "odd", text, text.strip().lower(), margin)


@pytest.mark.parametrize("missing", [None, []])
def test_an_answer_without_a_token_of_its_own_has_a_margin(missing):
    _compared("even-odd", "odd", " Odd", "odd", 0.1, missing)


def _compared(verifier, gold, text, extracted, margin, contrasts=(0.0, -0.5)):
    one = SimpleNamespace(
        **PLAIN
        | {"completion": f"so {text}", "token_ids": [0, 1], "token_margins": [0.9, 0.1]}
        | {"token_contrasts": contrasts, "stop_reason": "end"}
    )

    def spell(tokens):
        return "".join(("so ", text)[token] for token in tokens)

    found = answer(one, item(gold, verifier), spell, FILTER)
    assert (found["extracted"], found["margin"], found["correct"]) == (extracted, margin, extracted == gold)
    assert confidence(one, verifier, spell, FILTER) == margin
