import numpy as np
import pytest
import sentencepiece
from multilingual import texts
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from lib.tokenizer import token_bytes
from lib.tokenizer import trainers as training
from lib.tokenizer.engines import FAST, REFERENCE, Encoder

TEXTS = ["", *texts(), "<|endoftext|>x <|unknown|>", *training.NASTY, ""]


def sentencepieces(family, size):
    model = training.sentencepiece_model(texts() * 3, family, size)
    return training.from_sentencepiece(sentencepiece.SentencePieceProcessor(model_proto=model), family)


def wordpiece():
    return training.wordpiece(lambda: texts() * 3, 180)


def normalised():
    tokenizer = training.bytebpe(texts() * 2, 300)
    tokenizer.normalizer = normalizers.NFC()
    return tokenizer


TOKENIZERS = {
    "bytebpe": lambda: training.bytebpe(texts() * 2, 300),
    "bpe": lambda: sentencepieces("bpe", 400),
    "unigram": lambda: sentencepieces("unigram", 330),
    "wordpiece": wordpiece,
    "normalised": normalised,
}


def assert_same(found, expected):
    for field, ours, theirs in zip(found._fields, found, expected, strict=True):
        assert np.array_equal(ours, theirs), field


@pytest.mark.parametrize("name", TOKENIZERS)
def test_what_is_encoded_is_the_references(name):
    tokenizer = TOKENIZERS[name]()
    encoder = Encoder(tokenizer)
    assert_same(encoder.encode(TEXTS), token_bytes.encode(tokenizer, encoder.known, TEXTS))
    assert sum(encoder.texts.values()) == len(TEXTS)


def ids_by_text(encoder, pieces):
    """Ids of texts, put together from those of their parts."""
    encoded = encoder.encode(pieces.forms)
    of_form = np.split(encoded.ids, np.cumsum(encoded.counts)[:-1])
    return [
        [index for form in some for index in of_form[form].tolist()]
        for some in np.split(pieces.form, pieces.first[1:-1])
    ]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_parts_are_encoded_as_they_are_in_their_place(name):
    tokenizer = TOKENIZERS[name]()
    encoder, many = Encoder(tokenizer), TEXTS * 3
    pieces = encoder.parts(many)
    expected = [encoding.ids for encoding in tokenizer.encode_batch(many, add_special_tokens=False)]
    assert ids_by_text(encoder, pieces) == expected
    assert (len(pieces.form) > 2 * len(many)) == (name in ("bytebpe", "bpe", "normalised"))


def test_a_tokenizer_that_knows_where_a_text_begins_gets_whole_texts():
    tokenizer = TOKENIZERS["bpe"]()
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), tokenizer.normalizer])
    assert Encoder(tokenizer).parts(["the cat sat"]).forms.to_pylist() == ["the cat sat"]


def test_tokens_that_reach_over_a_space():
    vocab = {char: index for index, char in enumerate(["a", "Ġ", "aĠ"])}
    tokenizer = Tokenizer(models.BPE(vocab, [("a", "Ġ")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    assert Encoder(tokenizer).parts(["a a a"]).forms.to_pylist() == ["a a a"]


def test_the_fast_engine_encodes_what_it_can():
    encoder = Encoder(TOKENIZERS["bytebpe"]())
    encoder.encode(TEXTS)
    assert encoder.texts == {FAST: len(TEXTS)}
    encoder = Encoder(normalised())
    encoder.encode(["か", "か\u3099", "が"])  # the second is shorter when composed
    assert encoder.texts[REFERENCE] >= 1


def test_an_engine_that_errs_is_not_used():
    tokenizer = TOKENIZERS["bytebpe"]()
    encoder = Encoder(tokenizer)
    other = Encoder(training.bytebpe(texts() * 2, 280))
    encoder._fast = other._fast
    assert_same(encoder.encode(TEXTS), token_bytes.encode(tokenizer, encoder.known, TEXTS))
    assert encoder.texts == {REFERENCE: len(TEXTS)}


def test_an_engine_that_does_not_read_the_tokenizer():
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "?": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    encoder = Encoder(tokenizer)
    assert_same(encoder.encode(["a b", ""]), token_bytes.encode(tokenizer, encoder.known, ["a b", ""]))
    assert encoder.texts == {REFERENCE: 2}


def test_unknown_characters_are_counted():
    vocab = {f"<0x{byte:02X}>": byte for byte in range(128)} | {"a": 128, "<unk>": 129}
    tokenizer = Tokenizer(models.BPE(vocab, [], unk_token="<unk>", byte_fallback=True))
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    found = Encoder(tokenizer).encode(["ab", "aé猫a", "b"])
    assert found.unknown.tolist() == [0, 2, 0]


def test_no_texts():
    found = Encoder(TOKENIZERS["bytebpe"]()).encode([])
    assert found.ids.shape == found.cuts.shape == found.counts.shape == (0,)
