"""How an answer is found in a completion, put into one form, and judged."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import NamedTuple

NUMBER = re.compile(r"-?\$?\d+(?:,\d{3})*(?!\d)(?:\.\d+)?")


class Span(NamedTuple):
    """Where an answer stands in a text, in characters."""

    start: int
    end: int


class Verifier(NamedTuple):
    """One way of judging.

    Attributes:
        find: place of the answer in a completion, or none.
        normalise: the form in which answers are compared and counted.
        score: of a normalised answer against the gold, from 0 to 1.
        exact: whether an answer is right or wrong, or a matter of degree.
    """

    find: Callable[[str], Span | None]
    normalise: Callable[[str], str]
    score: Callable[[str, str], float]
    exact: bool


def last_number(text: str) -> Span | None:
    """The last number of a text, with its sign: the answer span of Wang & Zhou (2024) for maths."""
    found = list(NUMBER.finditer(text))
    return Span(*found[-1].span()) if found else None


def number(text: str) -> str:
    """A number without currency, thousands separators and trailing zeros: ``$1,018.00`` is ``1018``."""
    value = Decimal(text.replace("$", "").replace(",", ""))
    digits = format(value, "f") if value else "0"  # not rounded: models write numbers of any length
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def whole(text: str) -> Span | None:
    """The whole text without white space around it."""
    stripped = text.strip()
    if not stripped:
        return None
    start = text.index(stripped)
    return Span(start, start + len(stripped))


def _equal(answer: str, gold: str) -> float:
    return float(answer == gold)


@cache
def _chrf():
    from sacrebleu.metrics import CHRF

    return CHRF()


def sentence_chrf(answer: str, gold: str) -> float:
    """chrF of one sentence (Popović 2015; sacrebleu's defaults), divided by 100."""
    return _chrf().sentence_score(answer, [gold]).score / 100


VERIFIERS = {
    "number": Verifier(last_number, number, lambda answer, gold: _equal(answer, number(gold)), exact=True),
    "exact": Verifier(
        whole, str.casefold, lambda answer, gold: _equal(answer, gold.strip().casefold()), exact=True
    ),
    "chrf": Verifier(whole, str, sentence_chrf, exact=False),
}
