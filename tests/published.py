"""Tiny tokenizers in the forms in which makers publish them."""

import base64
import io
import json
import random

from lib.tokenizer import trainers
from lib.tokenizer.token_bytes import byte_alphabet

TEXT = "the cat sat on the mat, l'été à Zürich, 日本語の文と日本の本, мир и мы 1234 12 "


def ranks():
    """Pieces of a byte-BPE trained on a line of text, by rank."""
    tokenizer = trainers.bytebpe([TEXT * 3, TEXT.upper() * 3], 340)
    alphabet = byte_alphabet()
    pieces = [piece for piece, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    learnt = [bytes(alphabet[char] for char in piece) for piece in pieces if not piece.startswith("<|")]
    return {piece: rank for rank, piece in enumerate(learnt)}


def tiktoken_file():
    """A .tiktoken file."""
    rows = [f"{base64.b64encode(piece).decode()} {rank}" for piece, rank in ranks().items()]
    return "\n".join(rows).encode()


def tekken_file(pattern, special=10, dropped=5):
    """A tekken.json with more pieces than it uses."""
    found = ranks()
    vocabulary = [
        {"rank": rank, "token_bytes": base64.b64encode(piece).decode(), "token_str": None}
        for piece, rank in found.items()
    ]
    settings = {
        "pattern": pattern,
        "default_vocab_size": len(found) - dropped + special,
        "default_num_special_tokens": special,
    }
    return json.dumps({"config": settings, "vocab": vocabulary}).encode()


def sentencepiece_file(family, **options):
    """A SentencePiece model; options as its trainer has them."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([TEXT, TEXT.upper()] * 3),
        model_writer=model,
        model_type=family,
        vocab_size=options.pop("vocab_size", 120),
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
        **options,
    )
    return model.getvalue()


def hard_texts():
    """Texts that tokenizers are known to damage, runs of one character, and random ones."""
    draw = random.Random(0)
    runs = [char * length for char in "a \n=あt" for length in range(1, 40)]
    mixed = ["".join(draw.choices(TEXT + " \n\r\t'Ｓſ\u0301", k=30)) for _ in range(300)]
    return [*trainers.NASTY, TEXT, *runs, *mixed]
