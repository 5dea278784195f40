"""What each id of a tokenizer stands for, in bytes, and where its tokens part a text."""

from __future__ import annotations

import json
import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from lib.tokenizer import characters

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")


class Pieces(NamedTuple):
    """What is known of each id of a tokenizer, found once and used for every text.

    Attributes:
        bytes: :func:`token_bytes`.
        laid: the same, as Arrow has them, nulls where they are not known.
        sizes: bytes of each id, 0 where they are not known, shape (ids,).
        known: whether they are known.
        fragments: whether an id is known to hold a part of a character.
        unknown: the id of the unknown token, if there is one.
        plain: whether ids decode to their bytes one after the other, whatever they are.
    """

    bytes: list[bytes | None]
    laid: pa.LargeBinaryArray
    sizes: np.ndarray
    known: np.ndarray
    fragments: np.ndarray
    unknown: int | None
    plain: bool


class Encoded(NamedTuple):
    """Texts laid end to end as UTF-8, and the tokens they are made of.

    Attributes:
        ids: token ids of all texts, shape (tokens,).
        counts: tokens of each text, shape (texts,).
        octets: bytes of each text, shape (texts,).
        cuts: where one token ends and the next begins inside a text, sorted, in half bytes from the
            start of the first text: even at a byte, odd inside a character whose parts are not known.
        unknown: characters of each text that became the unknown token, shape (texts,).
    """

    ids: np.ndarray
    counts: np.ndarray
    octets: np.ndarray
    cuts: np.ndarray
    unknown: np.ndarray


def load(path: Path) -> Tokenizer:
    """The tokenizer of a tokenizer.json, which encodes all of a text and no more."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _components(part: dict[str, Any] | None) -> list[dict[str, Any]]:
    """A component of tokenizer.json, or the members of a sequence of them, in order."""
    if part is None:
        return []
    nested = part.get("pretokenizers") or part.get("decoders") or part.get("normalizers")
    return [leaf for member in nested for leaf in _components(member)] if nested else [part]


def byte_alphabet() -> dict[str, int]:
    """The character that a byte-level tokenizer writes for each byte (Radford et al. 2019)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}


def token_bytes(tokenizer: Tokenizer) -> list[bytes | None]:
    """The bytes that each id stands for; None where that is not known.

    Known for byte-level tokenizers and for those with byte fallback, which lose nothing; a
    WordPiece, say, stands for no fixed bytes.
    """
    settings = json.loads(tokenizer.to_str())
    parts = _components(settings["decoder"])
    kinds = {part["type"] for part in parts} | {
        part["type"] for part in _components(settings["pre_tokenizer"])
    }
    alphabet = byte_alphabet()
    spaces = [
        part["pattern"]["String"] for part in parts if part["type"] == "Replace" and part["content"] == " "
    ]
    spaces += [part["replacement"] for part in parts if part["type"] == "Metaspace"]
    added = {token["id"]: token["content"] for token in settings["added_tokens"]}

    def stands_for(index: int, piece: str) -> bytes | None:
        if index in added:
            return added[index].encode()
        if "ByteLevel" in kinds:
            known = all(char in alphabet for char in piece)
            return bytes(alphabet[char] for char in piece) if known else None
        if "ByteFallback" in kinds:
            if byte := BYTE_PIECE.fullmatch(piece):
                return bytes([int(byte[1], 16)])
            for space in spaces:
                piece = piece.replace(space, " ")
            return piece.encode()
        return None

    found: list[bytes | None] = [None] * (max(tokenizer.get_vocab().values()) + 1)
    for piece, index in tokenizer.get_vocab().items():
        found[index] = stands_for(index, piece)
    return found


def unknown_id(tokenizer: Tokenizer) -> int | None:
    """The id of the model's unknown token, if it has one."""
    model = json.loads(tokenizer.to_str())["model"]
    token = model.get("unk_token")
    return model.get("unk_id") if token is None else tokenizer.token_to_id(token)


def is_fragment(piece: bytes | None) -> bool:
    """Whether a token is known to hold a part of a UTF-8 character."""
    try:
        (piece or b"").decode()
    except UnicodeDecodeError:
        return True
    return False


def offset_cuts(encoding: Encoding, text: str) -> np.ndarray:
    """Cuts from the tokenizer's own offsets, which are in characters, in half bytes.

    Where two tokens share a character, the cut is somewhere inside it; where text between them
    belongs to neither, it is in the middle of what is left out.
    """
    if len(encoding.offsets) < 2:
        return np.zeros(0, int)
    offsets = np.array(encoding.offsets)
    starts = characters.starts(text)
    end, start = offsets[:-1, 1], offsets[1:, 0]
    shared = start < end
    return np.where(shared, 2 * starts[start] + 1, starts[end] + starts[start])


def pieces(tokenizer: Tokenizer) -> Pieces:
    """What is known of each id of a tokenizer."""
    table = token_bytes(tokenizer)
    return Pieces(
        bytes=table,
        laid=pa.array(table, pa.large_binary()),
        sizes=np.array([len(piece or b"") for piece in table], int),
        known=np.array([piece is not None for piece in table], bool),
        fragments=np.array([is_fragment(piece) for piece in table], bool),
        unknown=unknown_id(tokenizer),
        plain=_decodes_to_bytes(tokenizer),
    )


def _decodes_to_bytes(tokenizer: Tokenizer) -> bool:
    """Whether the decoder is that of a byte-level tokenizer and nothing else.

    It takes a character of an added token for a byte too, if it can: what is ASCII stays what it is.
    """
    decoder = tokenizer.decoder
    added = tokenizer.get_added_tokens_decoder().values()
    return type(decoder).__name__ == "ByteLevel" and all(token.content.isascii() for token in added)


def round_trips(tokenizer: Tokenizer, known: Pieces, texts: pa.Array, encoded: Encoded) -> np.ndarray:
    """Whether each text is what its ids decode to, special tokens included; shape (texts,).

    Args:
        tokenizer: what encoded the texts.
        known: :func:`pieces` of it.
        texts: the texts.
        encoded: what they were encoded to.
    """
    ends = np.cumsum(encoded.counts)
    if known.plain and known.known[encoded.ids].all():
        sums = _running(known.sizes[encoded.ids])[ends]
        decoded = np.frombuffer(known.laid.take(pa.array(encoded.ids)).buffers()[2], np.uint8)
        data, octets = characters.utf8(texts)
        if np.array_equal(np.cumsum(octets), sums) and np.array_equal(decoded, data):
            return np.ones(len(texts), bool)
    ids = encoded.ids.tolist()
    parts = [ids[start:end] for start, end in zip([0, *ends.tolist()], ends.tolist(), strict=False)]
    back = tokenizer.decode_batch(parts, skip_special_tokens=False)
    return np.array([text == again for text, again in zip(texts.to_pylist(), back, strict=True)], bool)


def _running(values: np.ndarray) -> np.ndarray:
    """Sums of the values before each place, and of all; shape (values + 1,)."""
    return np.concatenate([[0], np.cumsum(values)])


def encode(tokenizer: Tokenizer, known: Pieces, texts: list[str]) -> Encoded:
    """Encode texts, and find the cuts between their tokens.

    Cuts come from the tokens' bytes where these add up to the text, else (a normaliser, a prefix,
    an unknown token) from the offsets, which are found only then: they cost as much as all the rest.

    Args:
        tokenizer: encodes each text alone, without special tokens.
        known: :func:`pieces` of it.
        texts: what to encode.
    """
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    found = [encoding.ids for encoding in encodings]
    counts = np.array([len(ids) for ids in found], int)
    ids = np.fromiter(chain.from_iterable(found), int, counts.sum())
    _, octets = characters.utf8(texts)
    starts, ends = np.cumsum(octets) - octets, np.cumsum(counts)

    begins, bytes_to = ends - counts, _running(known.sizes[ids])
    lost = _running(~known.known[ids])
    exact = (bytes_to[ends] - bytes_to[begins] == octets) & (lost[ends] == lost[begins])
    document = np.repeat(np.arange(len(texts)), counts)
    inside = exact[document]
    inside[ends[counts > 0] - 1] = False  # where a text ends is no cut
    cuts = [2 * (bytes_to[1:] + (starts - bytes_to[begins])[document])[inside]]

    unknown = np.zeros(len(texts), int)
    missed = _running(ids == (-1 if known.unknown is None else known.unknown))
    has_unknown = missed[ends] > missed[begins]
    odd = np.flatnonzero(~exact | has_unknown)
    again = tokenizer.encode_batch([texts[n] for n in odd], add_special_tokens=False)
    for n, encoding in zip(odd, again, strict=True):
        if not exact[n]:
            cuts.append(2 * starts[n] + offset_cuts(encoding, texts[n]))
        spans = zip(encoding.ids, encoding.offsets, strict=True)
        unknown[n] = sum(end - start for index, (start, end) in spans if index == known.unknown)
    return Encoded(ids, counts, octets, np.sort(np.concatenate(cuts)), unknown)
