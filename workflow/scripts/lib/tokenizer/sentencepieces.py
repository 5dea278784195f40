"""SentencePiece models of any kind, with their own normalisation, for ``tokenizers``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lib.tokenizer.trainers import BYTE_NAME, SPACE, merges

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNIGRAM, BPE = 1, 2  # trainer_spec.model_type
NORMAL, UNKNOWN, USER, BYTE = 1, 2, 4, 6  # piece types; all others never come from text
HIDDEN = "\ufdd0"  # a noncharacter, set before a piece that text must not become


def parse(content: bytes) -> Any:
    """The model, as SentencePiece's own message.

    Raises:
        google.protobuf.message.DecodeError: the content is no SentencePiece model.
        ValueError: it is of a kind that cuts words or characters, not pieces.
    """
    from google.protobuf.message import DecodeError
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(content)
    if not model.pieces:
        raise DecodeError("no pieces")
    if model.trainer_spec.model_type not in (UNIGRAM, BPE):
        raise ValueError("its model type is neither Unigram nor BPE")
    return model


def to_tokenizer(model: Any) -> Tokenizer:
    """The same tokenizer for the ``tokenizers`` library, with the same ids.

    Args:
        model: from :func:`parse`.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    spec, rules = model.trainer_spec, model.normalizer_spec
    reachable = (NORMAL, USER, BYTE, UNKNOWN)
    pieces = [p.piece if p.type in reachable else HIDDEN + p.piece for p in model.pieces]
    scores = [p.score for p in model.pieces]
    symbols = [p.piece for p in model.pieces if p.type == USER]
    unknown = next(i for i, p in enumerate(model.pieces) if p.type == UNKNOWN)
    if spec.model_type == BPE:
        normal = {p.piece: i for i, p in enumerate(model.pieces) if p.type in (NORMAL, USER)}
        built = models.BPE(
            vocab={piece: i for i, piece in enumerate(pieces)},
            merges=merges(normal, scores),
            unk_token=pieces[unknown],
            fuse_unk=True,
            byte_fallback=spec.byte_fallback,
            ignore_merges=bool(symbols),
        )
    else:
        pieces[unknown] = HIDDEN + pieces[unknown]
        built = models.Unigram(
            list(zip(pieces, scores, strict=True)), unk_id=unknown, byte_fallback=spec.byte_fallback
        )
    tokenizer = Tokenizer(built)
    steps = _character_rules(rules)
    if rules.remove_extra_whitespaces:
        steps += [
            normalizers.Replace(Regex(r"\A +| +\z"), ""),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    if rules.add_dummy_prefix:
        steps.append(normalizers.Prepend(SPACE))
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", SPACE)])
    # Symbols that the user of SentencePiece defined are found before anything else.
    apart = [re.escape(symbol) for symbol in sorted(symbols, key=lambda symbol: (-len(symbol), symbol))]
    if spec.byte_fallback and spec.model_type == UNIGRAM:
        apart.append(BYTE_NAME)  # no literal <0x41> is found in the vocabulary
    if apart:
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("|".join(apart)), behavior="isolated")
    decoding = [decoders.Replace(SPACE, " ")]
    if spec.byte_fallback:
        decoding.append(decoders.ByteFallback())
    decoding.append(decoders.Fuse())
    if rules.add_dummy_prefix:
        decoding.append(decoders.Strip(" ", 1, 0))
    tokenizer.decoder = decoders.Sequence(decoding)
    return tokenizer


def _character_rules(rules: Any) -> list[Any]:
    """What SentencePiece does to characters.

    ``Precompiled`` applies its rules for one character faithfully, but not those for several, such as
    half-width kana with a voicing mark. In the rules that stand for NFKC, NFKC leaves none of these.
    """
    from tokenizers import normalizers

    if not rules.precompiled_charsmap:
        return []
    first = [normalizers.NFKC()] if rules.name in ("nmt_nfkc", "nfkc") else []
    return [*first, normalizers.Precompiled(rules.precompiled_charsmap)]


def differing(model: Any, texts: list[str], ids: list[list[int]]) -> list[str]:
    """The texts for which SentencePiece gives other ids that are not equally good.

    Where several segmentations of Unigram have the same score, either is right: SentencePiece adds
    up in single precision and so breaks ties by rounding.

    Args:
        model: from :func:`parse`.
        texts: what was encoded.
        ids: what the tokenizer of :func:`to_tokenizer` made of each.
    """
    import sentencepiece

    library = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    wrong = []
    for text, ours, theirs in zip(texts, ids, library.encode(texts), strict=True):
        if ours == theirs:
            continue
        totals = [sum(map(library.get_score, some)) for some in (ours, theirs)]
        tied = abs(totals[0] - totals[1]) <= 1e-6 * abs(totals[1])
        if model.trainer_spec.model_type == BPE or not tied or library.decode(ours) != library.decode(theirs):
            wrong.append(text)
    return wrong
