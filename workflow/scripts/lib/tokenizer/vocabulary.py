"""What a vocabulary is made of: its tokens by Unicode script and by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache

SPECIAL = "special"
BYTES = "bytes"
WHITESPACE = "whitespace"
DIGITS = "digits"
PUNCTUATION = "punctuation"
MIXED = "mixed"
JAPANESE = "Jpan"
KINDS = (MIXED, DIGITS, PUNCTUATION, WHITESPACE, BYTES, SPECIAL)

NO_SCRIPT = {"Zyyy", "Zinh", "Zzzz"}  # common to many, inherited from what stands before, unassigned
WRITES_JAPANESE = {"Hani", "Hira", "Kana"}


@cache
def script(char: str) -> str:
    """ISO 15924 code of a character's script (UAX #24), like Latn."""
    from icu import Script

    return Script.getScript(char).getShortName()


def part(piece: bytes) -> str:
    """Where a token belongs that is neither special nor a byte of a byte fallback.

    Args:
        piece: the bytes that it stands for.

    Returns:
        bytes where it holds a part of a character; whitespace, digits (of any script that has no letters
        in the token) or punctuation (symbols too) where it has no character of a script; the ISO 15924
        code where all characters that have a script have the same; Jpan for Han with kana or both kana,
        which Japanese writes in one word (UTS #39, sec. 5.1); else mixed.
    """
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return BYTES
    bare = "".join(text.split())
    if not bare:
        return WHITESPACE
    if all(char.isdigit() for char in bare):
        return DIGITS
    scripts = {script(char) for char in bare} - NO_SCRIPT
    if not scripts:
        return PUNCTUATION
    if len(scripts) == 1:
        return scripts.pop()
    return JAPANESE if scripts <= WRITES_JAPANESE else MIXED


def composition(pieces: Iterable[bytes], bytes_alone: int, special: int) -> dict[str, int]:
    """Tokens of a vocabulary by where they belong, the most first.

    Args:
        pieces: bytes of each token but those counted below.
        bytes_alone: tokens of a byte fallback.
        special: special tokens.
    """
    found = Counter(map(part, pieces))
    found[BYTES] += bytes_alone
    found[SPECIAL] += special
    return {
        name: count for name, count in sorted(found.items(), key=lambda item: (-item[1], item[0])) if count
    }
