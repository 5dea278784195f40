"""Byte-BPE tokenizers that are published as ranked pieces (tiktoken, Mistral's tekken), for ``tokenizers``.

tiktoken has no list of merges: the two neighbours whose concatenation has the lowest rank are merged
first. As merges these are all pairs that make a piece, in the order of the pieces.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from lib.tokenizer.token_bytes import byte_alphabet
from lib.tokenizer.trainers import merges

if TYPE_CHECKING:
    import tiktoken
    from tokenizers import Tokenizer

# What encodings do not merge across: of cl100k_base and o200k_base as in tiktoken 0.14.0, of llama3 and
# llama4 as in llama-models 0.3.0, of qwen as in dashscope 2.0.2.
GPT4 = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class Encoding(NamedTuple):
    """What goes with a file of ranked pieces.

    Attributes:
        pattern: what merges stay within.
        special: names of special tokens, whose ids follow those of the pieces.
        nfc: whether text is composed (Unicode NFC) first.
    """

    pattern: str
    special: tuple[str, ...]
    nfc: bool = False


def _reserved(count: int) -> tuple[str, ...]:
    return tuple(f"<|reserved_special_token_{n}|>" for n in range(count))


ENCODINGS = {
    "cl100k_base": Encoding(GPT4, ("<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>")),
    "o200k_base": Encoding(GPT4O, ("<|endoftext|>", "<|endofprompt|>")),
    "llama3": Encoding(LLAMA3, _reserved(256)),
    "llama4": Encoding(GPT4O, _reserved(2048)),
    "qwen": Encoding(LLAMA3.replace("{1,3}", ""), _reserved(208), nfc=True),
}


class Ranks(NamedTuple):
    """A tokenizer of ranked pieces.

    Attributes:
        ranks: rank of each piece, from 0; all 256 bytes are pieces.
        pattern: what merges stay within, as tiktoken reads it.
        special: id of each special token; text never becomes one.
        offset: what is added to a rank to make an id.
        nfc: whether text is composed (Unicode NFC) first.
    """

    ranks: dict[bytes, int]
    pattern: str
    special: dict[str, int]
    offset: int = 0
    nfc: bool = False


def from_lines(content: bytes, encoding: Encoding) -> Ranks:
    """A .tiktoken file: lines of a piece in base64 and its rank.

    Raises:
        ValueError: the content is something else.
    """
    rows = [line.split() for line in content.splitlines() if line]
    ranks = {base64.b64decode(piece, validate=True): int(rank) for piece, rank in rows}
    special = {name: len(ranks) + n for n, name in enumerate(encoding.special)}
    return _complete(Ranks(ranks, encoding.pattern, special, nfc=encoding.nfc))


def from_tekken(content: bytes) -> Ranks:
    """A tekken.json (mistral-common): special tokens come first, and only so many pieces are used.

    Raises:
        ValueError, KeyError, TypeError: the content is something else.
    """
    loaded = json.loads(content)
    settings = loaded["config"]
    offset = settings["default_num_special_tokens"]
    used = loaded["vocab"][: settings["default_vocab_size"] - offset]
    named = {token["rank"]: token["token_str"] for token in loaded.get("special_tokens") or []}
    special = {named.get(n, f"<SPECIAL_{n}>"): n for n in range(offset)}
    ranks = {base64.b64decode(piece["token_bytes"]): piece["rank"] for piece in used}
    return _complete(Ranks(ranks, settings["pattern"], special, offset))


def from_tiktoken(encoding: tiktoken.Encoding) -> Ranks:
    """An encoding of tiktoken."""
    return Ranks(encoding._mergeable_ranks, encoding._pat_str, dict(encoding._special_tokens))


def _complete(found: Ranks) -> Ranks:
    if missing := sum(bytes([byte]) not in found.ranks for byte in range(256)):
        raise ValueError(f"{missing} of the 256 bytes have no piece")
    return found


def oniguruma(pattern: str) -> str:
    """A pattern of tiktoken for the engine of ``tokenizers``.

    That engine reads ``{1,3}+`` as a repeated repetition and lets ``$`` match at every line. Quantifiers
    of these patterns are possessive for speed alone: what follows can never match what they gave back.
    """
    greedy = re.sub(r"([+*?]|\d\})\+", r"\1", pattern)
    return greedy.replace("$", r"\z")


def to_tokenizer(found: Ranks) -> Tokenizer:
    """The same tokenizer for the ``tokenizers`` library, with the same ids."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    symbol = {byte: char for char, byte in byte_alphabet().items()}
    pieces = {"".join(symbol[byte] for byte in piece): rank for piece, rank in found.ranks.items()}
    scores = [-float(rank) for rank in range(max(pieces.values()) + 1)]
    vocabulary = {piece: rank + found.offset for piece, rank in pieces.items()}
    # No byte is written as a space: no text holds such a piece.
    vocabulary |= {f" {name}": index for name, index in found.special.items()}
    built = models.BPE(vocab=vocabulary, merges=merges(pieces, scores), ignore_merges=True)
    tokenizer = Tokenizer(built)
    if found.nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(oniguruma(found.pattern)), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def differing(found: Ranks, texts: list[str], ids: list[list[int]]) -> list[str]:
    """The texts for which tiktoken gives other ids.

    Args:
        found: the tokenizer.
        texts: what was encoded.
        ids: what the tokenizer of :func:`to_tokenizer` made of each.
    """
    import unicodedata

    import tiktoken

    library = tiktoken.Encoding(
        "ranks", pat_str=found.pattern, mergeable_ranks=found.ranks, special_tokens={}
    )
    composed = [unicodedata.normalize("NFC", text) for text in texts] if found.nfc else texts
    theirs = [[i + found.offset for i in library.encode_ordinary(text)] for text in composed]
    return [text for text, one, other in zip(texts, ids, theirs, strict=True) if one != other]
