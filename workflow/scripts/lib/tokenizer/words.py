"""Words of texts, by segmenters that know the language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module, metadata
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lib.cli import UserError
from lib.tokenizer.characters import PLANE, alphanumeric, code_points, laid
from lib.tokenizer.characters import starts as character_starts


class Segmenter(NamedTuple):
    """A way to find words.

    Attributes:
        suffix: what is put after the names of its metrics, so that those by the general segmenter,
            which has no suffix, never mix with others.
        name: its name with version.
        spans: the words of some texts, as start and end in code points of the texts joined by line
            ends, ascending, shape (words, 2).
    """

    suffix: str
    name: str
    spans: Callable[[list[str]], np.ndarray]


class Words(NamedTuple):
    """The words of some texts laid end to end as UTF-8.

    Attributes:
        document: index of each word's text, shape (words,), as are the others unless said otherwise.
        starts: where each word starts, in bytes of all texts.
        ends: where it ends.
        spaced: whether a space stands before it in its text.
        forms: the distinct words, each with the space before it where it has one, shape (forms,).
        form: index of each word's form.
    """

    document: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    spaced: np.ndarray
    forms: pa.LargeStringArray
    form: np.ndarray


def is_word(segment: str) -> bool:
    """Whether a segment counts as a word: punctuation, symbols and whitespace do not."""
    return any(char.isalnum() for char in segment)


def from_utf16(code: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Turn positions counted in UTF-16 code units, each at the end of a character, into code points.

    Args:
        code: code points of the text.
        units: the positions, above zero.
    """
    wide = code >= PLANE
    return np.searchsorted(np.cumsum(1 + wide), units) + 1 if wide.any() else units


def holding_words(text: str, code: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """:func:`is_word` of each segment of a text, shape (segments,); each ends where the next one starts."""
    counts = alphanumeric()
    if len(code) and code.max() >= PLANE:
        counts = np.concatenate([counts, np.zeros(int(code.max()) + 1 - PLANE, bool)])
        counts[[ord(char) for char in set(text) if char > "\uffff" and char.isalnum()]] = True
    return np.logical_or.reduceat(counts[code], starts) if len(starts) else np.zeros(0, bool)


def icu() -> Segmenter:
    """Words by the Unicode rules (UAX #29), with ICU's dictionaries for scripts without spaces."""
    from icu import ICU_VERSION, BreakIterator, Locale, UnicodeString

    iterator = BreakIterator.createWordInstance(Locale.getRoot())

    def spans(texts: list[str]) -> np.ndarray:
        # No word reaches over the end of a line (rules WB3a, WB3b), so one call does for many texts.
        joined = "\n".join(texts)
        code, units = code_points(joined), UnicodeString(joined)
        iterator.setText(units)
        ends = from_utf16(code, np.fromiter(iterator, int))
        starts = np.concatenate([[0], ends[:-1]])[: len(ends)]
        kept = holding_words(joined, code, starts)
        return np.stack([starts[kept], ends[kept]], 1)

    return Segmenter("", f"ICU {ICU_VERSION}", spans)


def located(texts: list[str], words_of: Callable[[str], Iterable[str]]) -> np.ndarray:
    """Where words that are known by their spelling stand, in code points of the texts joined by line ends.

    Args:
        texts: the texts.
        words_of: the words of one text in order, as they are spelt there; what holds no letter or number
            is left out, and so may be spaces.

    Raises:
        ValueError: a word is not in its text after those before it.
    """
    found, before = [], 0
    for text in texts:
        position = 0
        for word in words_of(text):
            start = text.find(word, position)
            if start < 0:
                raise ValueError(f"{word!r} is not in {text[position : position + 40]!r}")
            position = start + len(word)
            if is_word(word):
                found.append((before + start, before + position))
        before += len(text) + 1
    return np.array(found, int).reshape(-1, 2)


@cache
def _tagger():
    import fugashi
    import unidic_lite

    return fugashi.Tagger(f'-d "{unidic_lite.DICDIR}"')


def mecab(text: str) -> Iterator[str]:
    """Japanese short-unit words, by MeCab with UniDic (Kudo et al. 2004)."""
    return (node.surface for node in _tagger()(text))


def by_function(name: str, package: str, function: str) -> Segmenter:
    """Words by a function that gives those of a text in order.

    Args:
        name: of the segmenter, which ends the names of its metrics.
        package: the installed package whose version tells which words these are.
        function: where it is, like ``pythainlp.tokenize:word_tokenize``.

    Raises:
        UserError: the package or the function is not there, or it gives what is not in the text.
    """
    module, _, attribute = function.partition(":")
    key = f"tokenizer.segmenters.{name}"
    try:
        version = metadata.version(package)
        words_of = getattr(import_module(module), attribute)
    except (metadata.PackageNotFoundError, ImportError, AttributeError) as error:
        raise UserError(
            f"{key}: no {function} of {package} ({error}); install the package, or correct the names"
        ) from None

    def spans(texts: list[str]) -> np.ndarray:
        try:
            return located(texts, words_of)
        except ValueError as error:
            raise UserError(f"{key}: {error}; its words must be spelt as the text is") from None

    return Segmenter(f"_{name}", f"{name} ({package} {version})", spans)


def segmenters(lang: str, others: dict[str, dict[str, Any]]) -> list[Segmenter]:
    """The segmenters for a language, the general one first; none where words mean nothing (code).

    Args:
        lang: language and script, like jpn_Jpan.
        others: by name, what finds words beside ICU: its languages, and what :func:`by_function` takes.
    """
    if lang.endswith("_Zyyy"):
        return []
    chosen = {name: other for name, other in others.items() if lang in other["languages"]}
    return [
        icu(),
        *(by_function(name, other["package"], other["function"]) for name, other in chosen.items()),
    ]


def find(texts: list[str] | pa.Array, segmenter: Segmenter) -> Words:
    """The words of some texts, by a segmenter.

    A word's form takes the space before it along, as it stands in running text, so that a tokenizer
    which puts spaces at the start of words meets it as it does there.
    """
    lines = laid(texts)
    said, size = lines.to_pylist(), pc.utf8_length(lines).to_numpy() + 1
    joined = "\n".join(said)
    code = code_points(joined)
    at = character_starts(joined)
    start, end = segmenter.spans(said).T
    document = np.searchsorted(np.cumsum(size), start, "right")
    spaced = (start > 0) & (code[start - 1] == ord(" ")) if len(start) else np.zeros(0, bool)
    first, last = at[start], at[end]
    # The text as words, each with its space, and what stands between them: Arrow finds equal ones.
    edges = np.concatenate([[0], np.stack([first - spaced, last], 1).ravel()])
    parts = pa.LargeStringArray.from_buffers(
        len(edges) - 1, pa.py_buffer(edges.astype(np.int64)), pa.py_buffer(joined.encode())
    )
    numbered = parts.take(pa.array(np.arange(1, len(parts), 2))).dictionary_encode()
    return Words(
        document=document,
        starts=first - document,  # line ends between texts are not theirs
        ends=last - document,
        spaced=spaced,
        forms=numbered.dictionary,
        form=numbered.indices.to_numpy().astype(int),
    )
