"""Fast encoding that is checked: another engine gives the ids, where they are the reference's.

The reference is ``tokenizers``. splintr reads the same tokenizer.json and is about ten times as fast;
it is believed as far as it is checked: on every added token when a tokenizer is loaded, and on a
sample of each batch of texts.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from lib.tokenizer import characters, parts, token_bytes
from lib.tokenizer.parts import Parts
from lib.tokenizer.token_bytes import Encoded

if TYPE_CHECKING:
    from tokenizers import Tokenizer

REFERENCE = "tokenizers"
FAST = "splintr"
CHECKED = 50  # texts of a batch, evenly spaced, whose ids are compared
Texts = TypeVar("Texts", list[str], pa.Array)
OVER_SPACE = re.compile(rb"\S ")  # in a token that reaches from one part of a text into the next


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
        self._parted = self._parts_at_spaces()
        self._fast = self._load()

    def _parts_at_spaces(self) -> bool:
        """Whether no token can reach from one part of a text into the next, nor tell where it stands.

        Unigram could tell: which of equally likely segmentations it finds depends on the rounding of the
        sum before them.
        """
        within = not any(OVER_SPACE.search(piece) for piece in self.known.bytes if piece)
        swallows = any(token.rstrip for token in self.tokenizer.get_added_tokens_decoder().values())
        return type(self.tokenizer.model).__name__ == "BPE" and within and not swallows

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

    def parts(self, texts: list[str] | pa.Array) -> Parts:
        """Parts of texts that are encoded alone as they are in their place.

        These are parts at spaces where no token reaches over their edges, and a sample of the texts
        shows that they are encoded and decoded as the texts are; else they are whole texts.
        """
        packed = characters.laid(texts)
        if self._parted and not self._alters(_sample(packed)):
            return parts.at_spaces(packed)
        return parts.whole(packed)

    def _alters(self, texts: pa.Array) -> bool:
        """Whether what parts of texts are encoded to differs from the reference's encoding of the texts."""
        pieces = parts.at_spaces(texts)
        forms, said = self._ids(pieces.forms.to_pylist()), texts.to_pylist()
        expected = [
            encoding.ids for encoding in self.tokenizer.encode_batch_fast(said, add_special_tokens=False)
        ]
        back = self.tokenizer.decode_batch(forms + expected, skip_special_tokens=False)
        of_texts = np.split(pieces.form, pieces.first[1:-1])
        return any(
            ids != [index for form in of_text for index in forms[form]]
            or text != "".join(back[form] for form in of_text)
            for ids, text, of_text in zip(expected, back[len(forms) :], of_texts, strict=True)
        )

    def _ids(self, texts: list[str]) -> list[list[int]]:
        """The ids of each text, by the fast engine if there is one."""
        if self._fast is None:
            encodings = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
            return [encoding.ids for encoding in encodings]
        ids, counts = _flat(self._fast, texts)
        return [some.tolist() for some in np.split(ids, np.cumsum(counts)[:-1])]

    def encode(self, texts: list[str] | pa.Array) -> Encoded:
        """Encode texts as :func:`token_bytes.encode` does, each alone and without special tokens.

        The fast engine's ids are taken where its tokens' bytes add up to the text and none is
        unknown; the reference encodes what is left, and everything where a sample of the texts
        shows that the two differ.
        """
        packed = characters.laid(texts)
        said = packed.to_pylist()
        if self._fast is None or not self._agrees(self._fast, _sample(said)):
            self._count(REFERENCE, len(said))
            return token_bytes.encode(self.tokenizer, self.known, said)
        ids, counts = _flat(self._fast, said)
        ends = np.cumsum(self.known.sizes[ids])
        _, octets = characters.utf8(packed)
        odd = self._odd(ids, counts, octets, ends)
        self._count(FAST, len(said) - int(odd.sum()))
        if odd.any():
            self._count(REFERENCE, int(odd.sum()))
            return self._mended(said, ids, counts, octets, odd)
        return Encoded(ids, counts, octets, _cuts(ends, counts), np.zeros(len(said), int))

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


def _sample(texts: Texts) -> Texts:
    """Some texts, evenly spaced."""
    return texts[:: max(1, -(-len(texts) // CHECKED))]


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
