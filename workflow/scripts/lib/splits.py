"""Splits that share no message: by a hash of what a text says, not by where it stands."""

from __future__ import annotations

import hashlib
import unicodedata
from functools import cache

SPLITS = ("train", "dev", "test")


@cache
def _folded(character: str) -> str:
    """The character itself if it is a letter, mark, digit or symbol; else a space."""
    return " " if unicodedata.category(character)[0] in "PZC" else character


def normalise(text: str) -> str:
    """Text without case, and with each run of punctuation and whitespace as one space.

    Marks are kept: without its vowel signs a Tamil or Thai word is another word. A text of
    punctuation alone is only stripped and casefolded, so that "..." and "!" stay two messages.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(map(_folded, text)).split()) or text.strip()


def digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def shuffled(text: str) -> str:
    """A sort key that puts texts in a random order, independent of their splits."""
    return digest(f"order:{text}")


def split_of(message: str, dev: float, test: float) -> str:
    """The split of a message: train, dev or test.

    Only the message and the two shares decide, so that further languages or documents never move
    one, and parallel texts stay together. A larger share keeps what was in the split before.

    Args:
        message: what parallel texts have in common.
        dev: share of messages in dev.
        test: share of messages in test.
    """
    position = int(digest(normalise(message))[:13], 16) / 16**13
    if position < test:
        return "test"
    return "dev" if position >= 1 - dev else "train"


def without_shared(texts: dict[str, list[str]]) -> dict[str, list[int]]:
    """Which texts to keep, so that no two splits share a normalised text.

    Two messages may have one translation: it stays in test rather than dev, and in dev rather
    than train.

    Args:
        texts: the texts of each split, by the name of the split.

    Returns:
        Positions of the texts to keep, by split, in order.
    """
    taken: set[str] = set()
    kept = {}
    for split in reversed(SPLITS):
        normalised = [normalise(text) for text in texts[split]]
        kept[split] = [i for i, text in enumerate(normalised) if text not in taken]
        taken.update(normalised)
    return kept
