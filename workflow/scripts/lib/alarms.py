"""Alarms: texts that are not what their language code says."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from lib.cli import UserError
from lib.languages import scripts

# Share of documents with damaged characters. The default catalogs have none with replacement or
# control characters, and at most 2 in 10,000 that look like misread UTF-8 by chance (the French
# "à «" with its no-break space); of a file in a wrong charset, most documents have some.
DAMAGED = 0.01

# Share of letters in the scripts of the language. The lowest of the default catalogs is 0.84
# (Chinese, with its Latin product names); English in place of a language has 0. Half leaves room
# for technical text full of Latin names.
IN_SCRIPT = 0.5

# What the bytes 0x80 to 0x9F are in Windows-1252, the usual misreading of UTF-8 beside Latin-1.
_WINDOWS = {
    bytes([b]).decode("cp1252"): chr(b) for b in range(0x80, 0xA0) if b not in b"\x81\x8d\x8f\x90\x9d"
}
_TO_LATIN = str.maketrans(_WINDOWS)
_HIGH_RUN = re.compile("[\x80-\xff]{2,}")


def misread(text: str) -> bool:
    """Whether a text has characters that are UTF-8 read as Latin-1 or Windows-1252 ("Ã¤" for "ä")."""
    for run in _HIGH_RUN.findall(text.translate(_TO_LATIN)):
        try:
            run.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False


def damaged(text: str) -> bool:
    """Whether a text was read in a wrong charset: misread, or with replacement or control characters."""
    broken = any(
        character == "\ufffd" or (unicodedata.category(character) == "Cc" and character not in "\t\n\r\f")
        for character in set(text)
    )
    return broken or misread(text)


def check_charset(texts: list[str], where: str) -> None:
    """Stop when more than a few texts are damaged.

    Raises:
        UserError: they are; the message shows one.
    """
    bad = [text for text in texts if damaged(text)]
    if len(bad) > DAMAGED * len(texts):
        raise UserError(
            f"{where}: {len(bad)} of {len(texts)} documents have damaged characters, like {bad[0][:60]!r}: "
            "the source was read or written in a wrong charset; give it in UTF-8"
        )


def script_share(texts: list[str], lang: str) -> float:
    """Share of letters that are in the scripts of a language; 1 where its code names no script.

    Raises:
        ValueError: there are no letters.
    """
    import icu

    wanted = scripts(lang)
    if not wanted:
        return 1.0
    letters: Counter[str] = Counter()
    for text in texts:
        letters.update(text)
    counts: Counter[bool] = Counter()
    for character, count in letters.items():
        if unicodedata.category(character)[0] == "L":
            counts[icu.Script.getScript(ord(character)).getShortName() in wanted] += count
    if not counts:
        raise ValueError("no letters")
    return counts[True] / counts.total()


def check_script(texts: list[str], lang: str, where: str) -> None:
    """Stop when most letters are not in the script that the language code names.

    Simplified and traditional Chinese are one script in Unicode and are not told apart.

    Raises:
        UserError: they are not, or there are no letters.
    """
    try:
        share = script_share(texts, lang)
    except ValueError:
        raise UserError(f"{where}: there are no letters in the texts; check what the source reads") from None
    if share < IN_SCRIPT:
        raise UserError(
            f"{where}: only {share:.0%} of the letters are in the script of {lang}, like {texts[0][:60]!r}: "
            "the source is in another language or script; correct the source or the language code"
        )
