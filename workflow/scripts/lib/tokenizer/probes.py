"""Probes: how a tokenizer splits numbers and indentation, on texts that are written here.

A probe is a span in a text; its pieces are the parts that token boundaries make of it: one more than
the boundaries strictly inside. A token that reaches over an end of the span is one part of it.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

NUMBERS = 1000  # of each length
PRIME = 7919  # walks through all digits inside a thousandth


class Probe(NamedTuple):
    """Spans of one kind.

    Attributes:
        texts: the texts.
        starts: where the span starts in each, in characters, which are all ASCII.
        ends: where it ends.
    """

    texts: list[str]
    starts: list[int]
    ends: list[int]


def numbers(digits: int) -> Probe:
    """1,000 numbers of a length, spread evenly over it, each alone as a text."""
    low = 10 ** (digits - 1)
    width = 9 * low // NUMBERS
    found = [str(low + n * width + n * PRIME % width) for n in range(NUMBERS)]
    return Probe(found, [0] * NUMBERS, [digits] * NUMBERS)


def indentation(space: str) -> Probe:
    """One line of Python that is indented."""
    before = "if x:\n"
    return Probe([f"{before}{space}y = 1\n"], [len(before)], [len(before) + len(space)])


def probes() -> dict[str, Probe]:
    """All probes by name."""
    return {
        "number_4_digits": numbers(4),
        "number_7_digits": numbers(7),
        **{f"indentation_{n}_spaces": indentation(" " * n) for n in (4, 8, 16)},
        **{f"indentation_{n}_tabs": indentation("\t" * n) for n in (1, 2)},
    }


def split(start: int, end: int, cuts: list[float]) -> str:
    """How boundaries part a span, like 1+3: lengths of the parts.

    Args:
        start: of the span.
        end: of the span.
        cuts: boundaries, sorted, in the same unit.
    """
    edges = [start, *(cut for cut in cuts if start < cut < end), end]
    return "+".join(f"{last - first:g}" for first, last in itertools.pairwise(edges))
