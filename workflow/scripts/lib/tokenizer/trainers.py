"""Training of tokenizers, and their form on disk: a folder that transformers loads.

Texts go in as they are: no normalisation, no space put in front, all whitespace kept, and any
string comes back from its ids. WordPiece, the baseline, does none of that.

Each family gives the same file on every run and with any number of threads.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lib.cli import UserError

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Tokenizer

SENTENCEPIECE = ("bpe", "unigram")
FAMILIES = (*SENTENCEPIECE, "bytebpe", "wordpiece")
LOSSLESS = (*SENTENCEPIECE, "bytebpe")

UNKNOWN = "<|unknown|>"  # declared because SentencePiece wants one; byte fallback never needs it
ROLES = {"eos_token": "<|endoftext|>", "bos_token": "<|startoftext|>", "pad_token": "<|padding|>"}

SPACE = "\u2581"  # how SentencePiece writes a space
ESCAPE = "\ufdd0"  # a noncharacter as long in UTF-8 as SPACE, which stands for a SPACE in the text

CONTINUED = "##"  # begins the pieces of WordPiece that continue a word

BYTE_NAME = "<(?=0x[0-9A-F]{2}>)"  # set apart, so that no literal <0x41> is found in the vocabulary

COVERAGE = 0.9995  # share of the text's characters that get a piece; the rest are spelt in bytes,
# or unknown to WordPiece
MIN_FREQUENCY = 2  # a pair seen once supports no merge

# What byte-BPE does not merge across: GPT-2's pattern (Radford et al. 2019), but with marks beside
# letters, which there tears the vowel signs of Tamil, Thai or Hindi off their words.
WORDS = r"'(?:s|t|re|ve|m|ll|d)| ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+"

# Strings that tokenizers are known to damage.
NASTY = (
    "  two  spaces  ",
    "\ttabs\t\tand\n\n newlines \r\n",
    "full width \uff21\uff22\uff23\uff11",
    "half-width kana \uff76\uff9e\uff77",
    "decomposed kana \u304b\u3099",
    "ligature \ufb01 \ufb02",
    "beyond the BMP \U00020bb7\U0001f600",
    "joined emoji \U0001f469\u200d\U0001f469\u200d\U0001f467",
    "zero\u200bwidth\u200bspace",
    "no-break\u00a0space \u202f",
    "nukta \u0915\u093c \u0958",
    "control \x00\x01\x06\x7f\x1b",
    f"literal {SPACE}{SPACE} {SPACE}",
    "literal <0x41><0xE3>",
    "\ufeffbyte order mark",
    " ",
)


def _too_large(size: int, supported: int) -> UserError:
    return UserError(
        f"tokenizer.grid: this text supports {supported} pieces, not {size}; "
        f"lower sizes to {supported} or less, or give the mix in tokenizer.mixes more text"
    )


def sentencepiece_model(texts: Iterable[str], family: str, size: int) -> bytes:
    """Train a SentencePiece model (Kudo & Richardson 2018) with byte fallback.

    One thread: the Unigram trainer's result depends on their number.

    Args:
        texts: documents; each line is a sentence for the trainer.
        family: bpe or unigram.
        size: pieces, with the 256 bytes and the special tokens.

    Returns:
        The model file.

    Raises:
        UserError: the text does not support the size, or the size does not hold its characters.
    """
    import sentencepiece

    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(line for text in texts for line in text.split("\n") if line),
            model_writer=model,
            model_type=family,
            vocab_size=size,
            num_threads=1,
            byte_fallback=True,
            character_coverage=COVERAGE,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            max_sentence_length=1_000_000,
            unk_id=0,
            eos_id=1,
            bos_id=2,
            pad_id=3,
            unk_piece=UNKNOWN,
            eos_piece=ROLES["eos_token"],
            bos_piece=ROLES["bos_token"],
            pad_piece=ROLES["pad_token"],
            minloglevel=2,
        )
    except RuntimeError as error:
        if most := re.search(r"value <= (\d+)", str(error)):
            raise _too_large(size, int(most[1])) from None
        if least := re.search(r"required_chars\. \d+ vs (\d+)", str(error)):
            raise UserError(
                f"tokenizer.grid: {size} pieces do not hold the bytes and the characters of this text; "
                f"raise sizes to {least[1]} or more, or give the mix in tokenizer.mixes fewer languages"
            ) from None
        raise
    return model.getvalue()


def from_sentencepiece(model: SentencePieceProcessor, family: str) -> Tokenizer:
    """The same tokenizer for the ``tokenizers`` library, with the same ids.

    It differs on purpose in three ways: a U+2581 in the text is spelt in bytes, where SentencePiece
    would read it as a space; the name of a byte piece in the text stays text; and special tokens
    are recognised in the text.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    ids = range(model.vocab_size())
    pieces = [model.id_to_piece(i) for i in ids]
    scores = [model.get_score(i) for i in ids]
    special = [i for i in ids if model.is_control(i) or model.is_unknown(i)]
    normal = {pieces[i]: i for i in ids if not model.is_byte(i) and i not in special}
    if family == "bpe":
        built = models.BPE(
            vocab={piece: i for i, piece in enumerate(pieces)},
            merges=merges(normal, scores),
            unk_token=UNKNOWN,
            fuse_unk=False,
            byte_fallback=True,
        )
    else:
        built = models.Unigram(
            list(zip(pieces, scores, strict=True)), unk_id=model.unk_id(), byte_fallback=True
        )
    tokenizer = Tokenizer(built)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(SPACE, ESCAPE), normalizers.Replace(" ", SPACE)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(BYTE_NAME), behavior="isolated")
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(SPACE, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Replace(ESCAPE, SPACE),
        ]
    )
    tokenizer.add_special_tokens([AddedToken(pieces[i], special=True, normalized=False) for i in special])
    return tokenizer


def merges(normal: dict[str, int], scores: list[float]) -> list[tuple[str, str]]:
    """All pairs that make a piece, in the order in which SentencePiece prefers the pieces."""
    merges = []
    for piece in sorted(normal, key=lambda piece: -scores[normal[piece]]):
        pairs = [(piece[:k], piece[k:]) for k in range(1, len(piece))]
        found = [(left, right) for left, right in pairs if left in normal and right in normal]
        merges += sorted(found, key=lambda pair: (normal[pair[0]], normal[pair[1]]))
    return merges


def differences(model: SentencePieceProcessor, tokenizer: Tokenizer, texts: list[str]) -> list[str]:
    """The texts that the two tokenizers segment in ways that are not equally good.

    Texts with what they treat differently on purpose (:func:`from_sentencepiece`) are left out.
    Where several segmentations of Unigram have the same score, either is right: SentencePiece adds
    up in single precision and so breaks ties by rounding. The scores tell a tie from an error.
    """
    wrong = []
    apart = [SPACE, UNKNOWN, *ROLES.values()]
    texts = [
        text for text in texts if not any(part in text for part in apart) and not re.search(BYTE_NAME, text)
    ]
    fast = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    for text, ours, theirs in zip(texts, fast, model.encode(texts), strict=True):
        if ours.ids != theirs:
            totals = [sum(map(model.get_score, ids)) for ids in (ours.ids, theirs)]
            same_bytes = model.decode(ours.ids) == model.decode(theirs)
            if not same_bytes or abs(totals[0] - totals[1]) > 1e-6 * abs(totals[1]):
                wrong.append(text)
    return wrong


def _byte_level(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with the parts around the model that every byte-level BPE here has."""
    from tokenizers import Regex, decoders, pre_tokenizers

    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def byte_merges(texts: Iterable[str], size: int) -> list[tuple[str, str]]:
    """Learn the merges of a byte-level BPE (Radford et al. 2019) of a size.

    The trainer stops at the size and nothing before that depends on it, so the merges of a smaller
    size are the first of these (:func:`bytebpe_of`).

    Args:
        texts: documents, read once.
        size: pieces, with the 256 bytes and the special tokens.

    Returns:
        The merges in order; fewer than asked for where the text supports no more.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = _byte_level(Tokenizer(models.BPE()))
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=MIN_FREQUENCY,
        special_tokens=list(ROLES.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]


def bytebpe_of(merges: list[tuple[str, str]], size: int) -> Tokenizer:
    """The byte-level BPE of a size that has the first of these merges.

    Raises:
        UserError: the size does not hold the bytes, or there are too few merges for it.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers

    pieces = [*ROLES.values(), *sorted(pre_tokenizers.ByteLevel.alphabet())]
    if size < len(pieces):
        raise UserError(
            f"tokenizer.grid: {size} pieces do not hold the 256 bytes and {len(ROLES)} special tokens; "
            "raise sizes"
        )
    ids = {piece: n for n, piece in enumerate(pieces)}
    first: list[tuple[str, str]] = []
    for left, right in merges:
        if len(ids) == size:
            break
        ids.setdefault(left + right, len(ids))  # two merges may make the same piece
        first.append((left, right))
    if len(ids) < size:
        raise _too_large(size, len(ids))
    tokenizer = _byte_level(Tokenizer(models.BPE(ids, first)))
    tokenizer.add_special_tokens(list(ROLES.values()))
    return tokenizer


def bytebpe(texts: Iterable[str], size: int) -> Tokenizer:
    """Train a byte-level BPE that holds all 256 bytes.

    Raises:
        UserError: the text does not support the size, or the size does not hold the bytes.
    """
    return bytebpe_of(byte_merges(texts, size), size)


def wordpiece(texts: Callable[[], Iterable[str]], size: int) -> Tokenizer:
    """Train a WordPiece of the BERT kind (Devlin et al. 2019, cased), the baseline that loses text.

    The library's trainer numbers the pieces that continue a word as it meets them in a hash map, and
    breaks ties between merges by number, so that every run gives another vocabulary. Here a first
    pass finds those pieces, and the second is given them in order.

    Args:
        texts: gives the documents anew at each call; they are read three times.
        size: pieces, with the special tokens.

    Raises:
        UserError: the text does not support the size, or the size does not hold its characters.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    counts: Counter[str] = Counter()
    for text in texts():
        counts.update(text)
    rare = str.maketrans(dict.fromkeys(_rare(counts), " "))
    special = [*ROLES.values(), UNKNOWN]

    def learnt(most: int, first: list[str]) -> dict[str, int]:
        tokenizer = Tokenizer(models.BPE(continuing_subword_prefix=CONTINUED))
        tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.BpeTrainer(
            vocab_size=most,
            min_frequency=MIN_FREQUENCY,
            special_tokens=[*special, *first],
            continuing_subword_prefix=CONTINUED,
            show_progress=False,
        )
        tokenizer.train_from_iterator((text.translate(rare) for text in texts()), trainer)
        return json.loads(tokenizer.to_str())["model"]["vocab"]

    characters = learnt(0, [])
    if len(characters) > size:
        raise UserError(
            f"tokenizer.grid: {size} pieces do not hold the characters of this text; "
            f"raise sizes to {len(characters)} or more, or give the mix in tokenizer.mixes fewer languages"
        )
    vocab = learnt(size, sorted(piece for piece in characters if piece.startswith(CONTINUED)))
    if len(vocab) < size:
        raise _too_large(size, len(vocab))
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token=UNKNOWN, continuing_subword_prefix=CONTINUED))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix=CONTINUED, cleanup=False)
    tokenizer.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in special])
    return tokenizer


def _rare(counts: Counter[str]) -> list[str]:
    """The rarest characters, which have no part in the share of the text that COVERAGE asks for."""
    order = sorted(counts, key=lambda char: (-counts[char], char))
    covered = itertools.accumulate(counts[char] for char in order)
    before = [0, *covered]
    return [char for char, n in zip(order, before, strict=False) if n >= COVERAGE * counts.total()]


def damaged(tokenizer: Tokenizer, texts: Iterable[str]) -> list[str]:
    """The texts that do not come back from their ids."""
    texts = list(texts)
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    back = tokenizer.decode_batch([encoding.ids for encoding in encodings], skip_special_tokens=False)
    return [text for text, again in zip(texts, back, strict=True) if text != again]


def publish(target: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a folder beside the target, then put each of its files in its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as partial:
        write(Path(partial))
        for file in sorted(Path(partial).iterdir()):
            os.replace(file, target.parent / file.name)


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json, which make a folder that transformers loads."""
    roles = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": 10**30,
        **ROLES,
    }
    if tokenizer.token_to_id(UNKNOWN) is not None:
        roles["unk_token"] = UNKNOWN
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(roles, indent=2) + "\n", encoding="utf-8")
