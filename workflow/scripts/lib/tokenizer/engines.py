"""Fast encoding that is checked: another engine gives the ids, where they are the reference's.

The reference is ``tokenizers``. splintr reads the same tokenizer.json and is about ten times as fast;
it is believed as far as it is checked: on every added token when a tokenizer is loaded, and on a
sample of each batch of texts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from lib.tokenizer import token_bytes
from lib.tokenizer.token_bytes import Encoded

if TYPE_CHECKING:
    from tokenizers import Tokenizer

REFERENCE = "tokenizers"
FAST = "splintr"
CHECKED = 50  # texts of a batch, evenly spaced, whose ids are compared


class Encoder:
    """A tokenizer, the bytes of its ids, and the engine that encodes for it.

    Attributes:
        tokenizer: the reference.
        known: :func:`lib.tokenizer.token_bytes.pieces` of it.
        texts: how many texts each engine encoded so far.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.known = token_bytes.pieces(tokenizer)
        self.texts: Counter[str] = Counter()
        self._strange = ~self.known.known
        if self.known.unknown is not None:
            self._strange[self.known.unknown] = True
        self._fast = self._load()

    def _load(self):
        """The fast engine; None where it cannot serve.

        It reads the tokenizer, added tokens too, and the bytes of most ids are known; without them
        each text would go to the reference after all.
        """
        import splintr

        if self._strange.mean() > 0.5:
            return None
        try:
            engine = splintr.from_json_bytes(self.tokenizer.to_str().encode())
        except (ValueError, RuntimeError):
            return None
        added = [f"a{token.content} b" for token in self.tokenizer.get_added_tokens_decoder().values()]
        return engine if self._agrees(engine, added) else None

    def _agrees(self, engine, texts: list[str]) -> bool:
        """Whether the fast engine gives the reference's ids for these texts."""
        ids, counts = _flat(engine, texts)
        encodings = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        expected = [i for encoding in encodings for i in encoding.ids]
        return counts.tolist() == [len(encoding) for encoding in encodings] and ids.tolist() == expected

    def encode(self, texts: list[str]) -> Encoded:
        """Encode texts as :func:`token_bytes.encode` does, each alone and without special tokens.

        The fast engine's ids are taken where its tokens' bytes add up to the text and none is
        unknown; the reference encodes what is left, and everything where a sample of the texts
        shows that the two differ.
        """
        sample = texts[:: max(1, -(-len(texts) // CHECKED))]
        if self._fast is None or not self._agrees(self._fast, sample):
            self._count(REFERENCE, len(texts))
            return token_bytes.encode(self.tokenizer, self.known, texts)
        ids, counts = _flat(self._fast, texts)
        ends = np.cumsum(self.known.sizes[ids])
        _, octets = token_bytes.utf8(texts)
        odd = self._odd(ids, counts, octets, ends)
        self._count(FAST, len(texts) - int(odd.sum()))
        if odd.any():
            self._count(REFERENCE, int(odd.sum()))
            return self._mended(texts, ids, counts, octets, odd)
        return Encoded(ids, counts, octets, _cuts(ends, counts), np.zeros(len(texts), int))

    def _count(self, engine: str, n: int) -> None:
        if n:
            self.texts[engine] += n

    def _odd(self, ids: np.ndarray, counts: np.ndarray, octets: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Whether a text's tokens do not add up to its bytes, have none that are known, or are unknown."""
        last = np.cumsum(counts)
        odd = np.diff(np.concatenate([[0], ends])[last], prepend=0) != octets
        strange = self._strange[ids]
        if strange.any():
            odd |= np.diff(np.concatenate([[0], np.cumsum(strange)])[last], prepend=0) > 0
        return odd

    def _mended(
        self, texts: list[str], ids: np.ndarray, counts: np.ndarray, octets: np.ndarray, odd: np.ndarray
    ) -> Encoded:
        """The encoding in which the odd texts are the reference's, and the others the fast engine's."""
        apart = [text for text, is_odd in zip(texts, odd, strict=True) if is_odd]
        ours = token_bytes.encode(self.tokenizer, self.known, apart)
        kept = np.repeat(~odd, counts)
        total = counts.copy()
        total[odd] = ours.counts
        merged = np.empty(total.sum(), ids.dtype)
        from_fast = np.repeat(~odd, total)
        merged[from_fast], merged[~from_fast] = ids[kept], ours.ids
        unknown = np.zeros(len(texts), int)
        unknown[odd] = ours.unknown
        # Cuts are positions in all texts laid end to end: what was encoded apart moves to its place.
        cuts = np.empty(_inner(total).sum(), int)
        from_fast = np.repeat(~odd, _inner(total))
        plain = _cuts(np.cumsum(self.known.sizes[ids[kept]]), counts[~odd])
        cuts[from_fast] = _moved(plain, counts[~odd], octets, ~odd)
        cuts[~from_fast] = _moved(ours.cuts, ours.counts, octets, odd)
        return Encoded(merged, total, octets, cuts, unknown)


def _flat(engine, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Ids of all texts, and the number of each text's, from the fast engine."""
    ids, ends = engine.encode_batch_flat(texts)
    return np.frombuffer(ids, np.int32), np.diff(np.frombuffer(ends, np.int64))


def _starts(octets: np.ndarray) -> np.ndarray:
    """Byte at which each text starts, when they are laid end to end."""
    return np.cumsum(octets) - octets


def _inner(counts: np.ndarray) -> np.ndarray:
    """Cuts inside each text."""
    return np.maximum(counts - 1, 0)


def _moved(cuts: np.ndarray, counts: np.ndarray, octets: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Cuts of the chosen texts, found when these were alone, where they are among all texts."""
    shift = _starts(octets)[chosen] - _starts(octets[chosen])
    return cuts + 2 * np.repeat(shift, _inner(counts))


def _cuts(ends: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Cuts, in half bytes, between tokens that end at these bytes; where a text ends is none."""
    inner = np.ones(len(ends), bool)
    inner[np.cumsum(counts)[counts > 0] - 1] = False
    return 2 * ends[inner]
