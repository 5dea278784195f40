from types import SimpleNamespace

import pytest

from lib.decoding.verifiers import VERIFIERS, code, last_number, number, whole


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" 39 - 67 = -28. -28 - 67 = -95. The answer is -95", "-95"),
        ("She pays $1,018.00 in all.", "$1,018.00"),
        ("The answer is 18.", "18"),
        ("3 then 4, then 5, and no more", "5"),
        ("1, 2,3", "3"),
        ("12,5", "5"),
        ("of 1,234,567", "1,234,567"),
        ("-$5", "-$5"),
        ("0.25", "0.25"),
        ("none at all", None),
        ("", None),
    ],
)
def test_the_last_number(text, found):
    span = last_number(text)
    assert (text[span.start : span.end] if span else None) == found


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("$1,018.00", "1018"),
        ("-95", "-95"),
        ("-$5", "-5"),
        ("18", "18"),
        ("100", "100"),
        ("1,000", "1000"),
        ("0.50", "0.5"),
        ("10.0", "10"),
        ("007", "7"),
        ("-0", "0"),
        ("0.00", "0"),
        ("1" * 60, "1" * 60),  # a model that repeats a digit
        ("0." + "3" * 60, "0." + "3" * 60),
        ("5,", "5"),
    ],
)
def test_one_form_for_equal_numbers(text, form):
    assert number(text) == form


def test_whole_text_without_its_margins():
    assert whole("  two words\n") == (2, 11)
    assert whole(" \n") is None


@pytest.mark.parametrize(
    ("verifier", "text", "gold", "score"),
    [
        ("number", "It is $1,018.00.", "1018", 1),
        ("number", "It is 1018", "1,018", 1),
        ("number", "It is 95", "-95", 0),
        ("number", "-95", "-95", 1),
        ("yes-no", "No, not true. Yes", "yes", 1),
        ("yes-no", "It is TRUE, I know.", "Yes", 1),  # "know" has no word of its own
        ("yes-no", "no", "true", 0),
        ("even-odd", "It is odd, not Even.\n", "even", 1),
        ("even-odd", "odd", "Even", 0),
        ("word", 'The last letters are "Ya".', "ya", 1),
        ("word", "y a", "ya", 0),
        ("word", "ya 2_", "ya", 1),
        ("exact", " Paris\n", "paris ", 1),
        ("exact", "Paris, France", "Paris", 0),
        ("chrf", " le chat", "le chat", 1),
        ("chrf", "xyz", "le chat", 0),
    ],
)
def test_answers_are_judged_against_gold(verifier, text, gold, score):
    judge = VERIFIERS[verifier]
    span = judge.find(text)
    verdict = judge.judge(judge.normalise(text[span.start : span.end]), SimpleNamespace(answer=gold))
    assert verdict.score == pytest.approx(score)
    assert verdict.outcome is None
    assert judge.exact == (verifier != "chrf")


def test_chrf_of_a_sentence_is_that_of_sacrebleu():
    from sacrebleu import sentence_chrf as reference

    pair = "the cat sat on a mat", "the cat is on the mat"
    score = VERIFIERS["chrf"].judge(pair[0], SimpleNamespace(answer=pair[1])).score
    assert score == pytest.approx(reference(pair[0], [pair[1]]).score / 100)
    assert 0.3 < score < 0.8


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("    return x + 1\n\n", "    return x + 1"),  # a body keeps its indentation
        ("Here:\n```python\ndef f(x):\n    return x\n```\nIt returns x.", "def f(x):\n    return x\n"),
        ("```\nx = 1\n```\n```\nx = 2\n```", "x = 1\n"),
        ("```py\nx = 1", "x = 1"),  # cut at the length limit
        ("```\n\n```", None),
        (" \n", None),
    ],
)
def test_code_is_the_first_fenced_block_or_all(text, found):
    span = code(text)
    assert (text[span.start : span.end] if span else None) == found


def test_a_program_is_run_with_the_code_around_it():
    item = SimpleNamespace(preamble='def f(x):\n    """Return x plus 1."""\n', tests="assert f(2) == 3")
    judge = VERIFIERS["code"]
    assert judge.judge("    return x + 1", item) == (1.0, "passed")
    assert judge.judge("    return x", item) == (0.0, "failed")
    assert judge.judge("    return y", item) == (0.0, "crashed")
    assert judge.exact
