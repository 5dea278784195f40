"""How an answer is found in a completion, put into one form, and judged."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial
from typing import Any, NamedTuple

from lib.decoding import sandbox
from lib.decoding.words import WORDS

NUMBER = re.compile(r"-?\$?\d+(?:,\d{3})*(?!\d)(?:\.\d+)?")
WORD = re.compile(r"[^\W\d_]+")
FENCED = re.compile(r"```(?:[Pp]ython[0-9]*|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)


class Span(NamedTuple):
    """Where an answer stands in a text, in characters."""

    start: int
    end: int


class Verdict(NamedTuple):
    """What an answer is worth, from 0 to 1, and of a program how it ended (:mod:`lib.decoding.sandbox`)."""

    score: float
    outcome: str | None = None


class Verifier(NamedTuple):
    """One way of judging.

    Attributes:
        find: place of the answer in a completion, or none.
        normalise: the form in which answers are compared and counted.
        judge: a normalised answer against its item, whose fields are those of contract task.ITEMS: most
            need the gold answer alone, programs the code around them.
        exact: whether an answer is right or wrong, or a matter of degree.
    """

    find: Callable[[str], Span | None]
    normalise: Callable[[str], str]
    judge: Callable[[str, Any], Verdict]
    exact: bool


def last(pattern: re.Pattern[str], text: str) -> Span | None:
    """The last match of a pattern: the answer span of Wang & Zhou (2024) for numbers and options."""
    found = list(pattern.finditer(text))
    return Span(*found[-1].span()) if found else None


def last_number(text: str) -> Span | None:
    """The last number of a text, with its sign."""
    return last(NUMBER, text)


def number(text: str) -> str:
    """A number without currency, thousands separators and trailing zeros: ``$1,018.00`` is ``1018``."""
    value = Decimal(text.replace("$", "").replace(",", ""))
    digits = format(value, "f") if value else "0"  # not rounded: models write numbers of any length
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def last_word(text: str) -> Span | None:
    """The last run of letters of a text."""
    return last(WORD, text)


def options(*options: tuple[str, ...]) -> Verifier:
    """Judges questions whose answer is one of some options, in any case: the last one of a text counts.

    Args:
        options: the words of each, in lower case; the first is the option as normalised.
    """
    named = {word: words[0] for words in options for word in words}
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, named))})\b", re.IGNORECASE)

    def normalise(text: str) -> str:
        return named[text.strip().casefold()]

    def judge(answer: str, item: Any) -> Verdict:
        return Verdict(float(answer == normalise(item.answer)))

    return Verifier(partial(last, pattern), normalise, judge, exact=True)


def whole(text: str) -> Span | None:
    """The whole text without white space around it."""
    stripped = text.strip()
    if not stripped:
        return None
    start = text.index(stripped)
    return Span(start, start + len(stripped))


def code(text: str) -> Span | None:
    """The first fenced block of a text, also where its end was cut off; the whole text where there is none.

    White space in front is kept: a function's body is indented.
    """
    if fenced := FENCED.search(text):
        return Span(*fenced.span(1)) if fenced[1].strip() else None
    return Span(0, len(text.rstrip())) if text.strip() else None


def _number(answer: str, item: Any) -> Verdict:
    return Verdict(float(answer == number(item.answer)))


def _exact(answer: str, item: Any) -> Verdict:
    return Verdict(float(answer == item.answer.strip().casefold()))


@cache
def _chrf_metric():
    from sacrebleu.metrics import CHRF

    return CHRF()


def _chrf(answer: str, item: Any) -> Verdict:
    """chrF of one sentence (Popović 2015; sacrebleu's defaults), divided by 100."""
    return Verdict(_chrf_metric().sentence_score(answer, [item.answer]).score / 100)


def _program(answer: str, item: Any) -> Verdict:
    """Whether the code before the answer, the answer, and its tests run to their end (Chen et al. 2021)."""
    outcome = _ended(f"{item.preamble}{answer}\n{item.tests}\n")
    return Verdict(float(outcome == sandbox.PASSED), outcome)


@cache
def _ended(program: str) -> str:
    """How a program ended; branches that wrote the same share one run."""
    return sandbox.run(program).status


VERIFIERS = {
    "number": Verifier(last_number, number, _number, exact=True),
    **{name: options(*words) for name, words in WORDS.items()},
    "word": Verifier(last_word, str.casefold, _exact, exact=True),
    "exact": Verifier(whole, str.casefold, _exact, exact=True),
    "chrf": Verifier(whole, str, _chrf, exact=False),
    "code": Verifier(code, str, _program, exact=True),
}
