"""LaTeX tables in the style of the booktabs package."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

MISSING = "n/a"
NONE = "--"  # there is no such thing, as against what is missing
SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: "\\" + character for character in "&%$#_{}"},
}


def escape(text: str) -> str:
    """Plain text as LaTeX prints it."""
    return "".join(SPECIAL.get(character, character) for character in text)


def number(value: float | None, digits: int) -> str:
    """A number with fixed digits and a thin space between thousands; n/a for what is missing."""
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:,.{digits}f}".replace(",", r"\,").replace("-", "$-$")


def probability(p: float) -> str:
    """A p value with three digits."""
    return "$<$0.001" if p < 0.001 else f"{p:.3f}"


def interval(value: float | None, low: float | None, high: float | None, digits: int) -> str:
    """A value with its interval in brackets; the value alone where there is no interval."""
    shown = number(value, digits)
    if MISSING in (shown, number(low, digits), number(high, digits)):
        return shown
    return f"{shown} [{number(low, digits)}, {number(high, digits)}]"


def above(value: float | None, low: float | None, high: float | None, digits: int) -> str:
    """A value above its interval, for a narrow column; the value alone where there is no interval."""
    shown, _, ends = interval(value, low, high, digits).partition(" ")
    return rf"\shortstack{{{shown}\\{{}}{ends}}}" if ends else shown  # {}: the bracket is no option


def stacked(lines: str) -> str:
    """The head of a narrow column: its lines above each other."""
    return r"\shortstack{" + r"\\".join(escape(line) for line in lines.split("\n")) + "}"


def tabular(alignment: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A booktabs tabular from cells that are LaTeX already.

    Args:
        alignment: one letter a column, as in ``lrr``.
        header: head of each column.
        rows: cells; ``None`` in place of a row draws a rule between groups.

    Raises:
        ValueError: a row is not as long as the header.
    """
    lines = [rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", " & ".join(header) + r" \\", r"\midrule"]
    for row in rows:
        if row is None:
            lines.append(r"\addlinespace")
            continue
        if len(row) != len(header) or len(header) != len(alignment):
            raise ValueError(f"{len(header)} columns are declared, a row has {len(row)}: {row}")
        lines.append(" & ".join(row) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def write(text: str, path: Path) -> None:
    """Write a text file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
