"""The text of a language mix, read as a stream: what is held in memory are lengths, never all texts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc

from lib import draws
from lib.cli import UserError
from lib.contracts.corpus import DOCUMENTS
from lib.tokenizer import mixes

BEGINNING = 1000  # characters of an example


class Mix(NamedTuple):
    """Which documents a training reads, and how often.

    Attributes:
        paths: files of documents.
        times: how often each document of each file is read, shape (documents of the file,) each.
        rows: what each language gives, a row of :data:`lib.contracts.tokenizer.MIXED` each.
    """

    paths: Sequence[Path]
    times: list[np.ndarray]
    rows: list[dict[str, Any]]

    def __iter__(self) -> Iterator[str]:
        """The texts, file by file, each as often as the mix wants it."""
        for path, times in zip(self.paths, self.times, strict=True):
            first = 0
            for batch in DOCUMENTS.batches(path, "text"):
                here = times[first : first + len(batch)]
                first += len(batch)
                wanted = np.flatnonzero(here)
                texts = batch["text"].take(wanted).to_pylist()
                for text, repeats in zip(texts, here[wanted].tolist(), strict=True):
                    for _ in range(repeats):
                        yield text


def mix(paths: Sequence[Path], how: dict[str, Any], seed: int) -> Mix:
    """Decide what a training reads of a mix.

    Args:
        paths: files of documents, each of one language; several files may have the same.
        how: ``temperature``, ``weights`` or ``buckets`` (:func:`lib.tokenizer.mixes.shares`);
            ``bytes_per_language`` (:func:`lib.draws.within`), if any; ``max_bytes``: the most UTF-8
            bytes, beyond which a mix is sampled (:func:`sample`).
        seed: of all draws.

    Raises:
        UserError: a file has no documents, or the bytes hold no document of a language.
    """
    langs, characters, octets = zip(*map(_lengths, paths), strict=True)
    names = sorted(set(langs))

    def together(parts: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        return {
            name: np.concatenate([part for lang, part in zip(langs, parts, strict=True) if lang == name])
            for name in names
        }

    sizes, lengths, most = together(octets), together(characters), how["max_bytes"]
    used = {lang: draws.within(sizes[lang], how.get("bytes_per_language"), lang, seed) for lang in names}
    read_once = {lang: lengths[lang][used[lang]] for lang in names}
    share = mixes.shares({lang: int(n.sum()) for lang, n in read_once.items()}, how)
    wanted = {lang: np.zeros(len(lengths[lang]), int) for lang in names}
    for lang, repeats in mixes.copies(read_once, share, seed).items():
        wanted[lang][used[lang]] = repeats
    times = sample(wanted, sizes, most, seed)
    if lost := [lang for lang in names if not times[lang].any()]:
        problem = f"{most} bytes hold no document of {lost[0]}"
        raise UserError(f"tokenizer.max_bytes: {problem}; raise it, or part its documents")
    read = {lang: int((lengths[lang] * times[lang]).sum()) for lang in names}
    rows = [
        {
            "lang": lang,
            "n_docs": len(used[lang]),
            "n_characters": int(read_once[lang].sum()),
            "n_characters_wanted": int((lengths[lang] * wanted[lang]).sum()),
            "n_characters_read": read[lang],
            "share": read[lang] / sum(read.values()),
        }
        for lang in names
    ]
    by_file, taken = [], dict.fromkeys(names, 0)
    for lang, part in zip(langs, octets, strict=True):
        by_file.append(times[lang][taken[lang] : taken[lang] + len(part)])
        taken[lang] += len(part)
    return Mix(paths, by_file, rows)


def _no_documents(path: Path) -> UserError:
    return UserError(f"{path}: no documents; take the language out of the mix in tokenizer.mixes")


def _lengths(path: Path) -> tuple[str, np.ndarray, np.ndarray]:
    """Language of a file, and characters and bytes of each of its documents."""
    langs: set[str] = set()
    characters, octets = [], []
    for batch in DOCUMENTS.batches(path, "lang", "text"):
        langs.update(pc.unique(batch["lang"]).to_pylist())
        characters.append(pc.utf8_length(batch["text"]).to_numpy())
        octets.append(pc.binary_length(batch["text"]).to_numpy())
    if not langs:
        raise _no_documents(path)
    if len(langs) > 1:
        raise UserError(f"{path}: documents in {', '.join(sorted(langs))}; a file has those of one language")
    # 64 bits: the sums go beyond 2 GB.
    return langs.pop(), np.concatenate(characters).astype(int), np.concatenate(octets).astype(int)


def sample(
    times: dict[str, np.ndarray], octets: dict[str, np.ndarray], most: int, seed: int
) -> dict[str, np.ndarray]:
    """Read less of every language, in proportion, so that at most ``most`` bytes are read in all.

    Of each language, readings of documents are drawn without replacement until its bytes are spent.

    Args:
        times: how often each document would be read, by language, shape (documents,) each.
        octets: bytes of each document, likewise.
        most: bytes in all.
        seed: of the draw.

    Returns:
        How often each document is read, like ``times``.
    """
    total = sum(int((octets[lang] * times[lang]).sum()) for lang in times)
    if total <= most:
        return times
    fewer = {}
    for lang, repeats in times.items():
        readings = np.repeat(np.arange(len(repeats)), repeats)
        readings = np.random.default_rng([seed, zlib.crc32(lang.encode()), 1]).permutation(readings)
        spent = np.cumsum(octets[lang][readings])
        kept = readings[spent <= most * (spent[-1] / total)] if len(spent) else readings
        fewer[lang] = np.bincount(kept, minlength=len(repeats))
    return fewer


def examples(paths: Sequence[Path], n: int) -> list[str]:
    """Beginnings of about ``n`` texts, as many of each file, evenly spaced over its first documents."""
    found: list[str] = []
    each = max(1, n // len(paths))
    for path in paths:
        batch = next(DOCUMENTS.batches(path, "text"), None)
        if batch is None:
            raise _no_documents(path)
        taken = batch["text"].take(np.arange(0, len(batch), max(1, len(batch) // each)))
        found += pc.utf8_slice_codeunits(taken, 0, BEGINNING).to_pylist()
    return found
