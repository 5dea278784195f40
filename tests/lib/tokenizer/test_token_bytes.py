import pyarrow as pa
import pytest
from multilingual import texts
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from lib.tokenizer import characters
from lib.tokenizer import token_bytes as tb
from lib.tokenizer import trainers as training

TEXTS = [*texts(), *training.NASTY]
PLAIN = [text for text in TEXTS if training.SPACE not in text]  # which plain byte fallback takes for a space


def byte_level(size=300):
    return training.bytebpe(texts() * 2, size)


def with_fallback():
    """Byte fallback for whatever is not an a, a b, ab or a space."""
    vocab = {f"<0x{byte:02X}>": byte for byte in range(256)} | {
        "a": 256,
        "b": 257,
        "▁": 258,
        "ab": 259,
        "<unk>": 260,
    }
    tokenizer = Tokenizer(models.BPE(vocab, [("a", "b")], unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return tokenizer


def slow_cuts(tokenizer, text):
    """Cuts found by decoding each token alone, in bytes."""
    table, cuts, position = tb.token_bytes(tokenizer), [], 0
    for index in tokenizer.encode(text, add_special_tokens=False).ids:
        position += len(table[index])
        cuts.append(position)
    assert cuts[-1] == len(text.encode())
    return cuts[:-1]


def test_the_alphabet_is_that_of_byte_level_tokenizers():
    assert set(tb.byte_alphabet()) == set(pre_tokenizers.ByteLevel.alphabet())
    assert tb.byte_alphabet()["Ġ"] == ord(" ") and sorted(tb.byte_alphabet().values()) == list(range(256))


@pytest.mark.parametrize("make", [byte_level, with_fallback])
def test_tokens_add_up_to_the_text(make):
    tokenizer = make()
    table = tb.token_bytes(tokenizer)
    for text in PLAIN:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert b"".join(table[index] for index in ids) == text.encode()


def test_fragments_of_characters():
    assert tb.is_fragment("é".encode()[:1]) and tb.is_fragment(b"a\xe3\x81")
    assert not tb.is_fragment("é".encode()) and not tb.is_fragment(b"\n") and not tb.is_fragment(None)


@pytest.mark.parametrize("make", [byte_level, with_fallback])
def test_cuts_are_those_of_the_slow_way(make):
    tokenizer = make()
    encoded = tb.encode(tokenizer, tb.pieces(tokenizer), PLAIN)
    expected, start = [], 0
    for text in PLAIN:
        expected += [start + cut for cut in slow_cuts(tokenizer, text)]
        start += len(text.encode())
    assert encoded.cuts.tolist() == [2 * cut for cut in expected]
    assert encoded.counts.sum() == len(encoded.ids)


def test_offsets_and_bytes_agree_but_inside_characters():
    tokenizer = byte_level()
    for text in TEXTS:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        by_offsets = tb.offset_cuts(encoding, text)
        starts = set(characters.starts(text).tolist())
        whole = {2 * cut for cut in slow_cuts(tokenizer, text) if cut in starts}
        assert {int(cut) for cut in by_offsets if cut % 2 == 0} == whole
        # A cut inside a character is an odd number beside that character's first byte.
        inside = [cut for cut in slow_cuts(tokenizer, text) if cut not in starts]
        firsts = [max(start for start in starts if start < cut) for cut in inside]
        assert [int(cut) for cut in by_offsets if cut % 2] == [2 * first + 1 for first in firsts]


def test_a_normaliser_is_met_by_offsets():
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "bc": 1, "?": 2}, unk_token="?"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    table = tb.token_bytes(tokenizer)
    assert table == [None, None, None]
    encoded = tb.encode(tokenizer, tb.pieces(tokenizer), ["A  BC", "猫猫 a"])
    assert encoded.cuts.tolist() == [4, 2 * 5 + 13]  # the middle of what no token covers
    assert encoded.unknown.tolist() == [0, 2]


def test_no_texts():
    tokenizer = byte_level()
    assert tb.encode(tokenizer, tb.pieces(tokenizer), []).cuts.shape == (0,)
    assert tb.encode(tokenizer, tb.pieces(tokenizer), [""]).counts.tolist() == [0]


def test_unknown_id():
    assert tb.unknown_id(with_fallback()) == 260 and tb.unknown_id(byte_level()) is None
    assert tb.unknown_id(Tokenizer(models.Unigram([("x", -1.0), ("u", -2.0)], unk_id=1))) == 1


def test_what_is_known_of_pieces():
    known = tb.pieces(with_fallback())
    assert known.unknown == 260 and known.known.all()
    assert known.sizes[[0xE3, 258, 259]].tolist() == [1, 1, 2]
    assert known.fragments[[0xE3, 0x41, 259]].tolist() == [True, False, False]


def test_texts_that_add_up_stand_among_those_that_do_not():
    """A normaliser changes some texts: their cuts are found otherwise, in the same order."""
    tokenizer = byte_level()
    plain = [tb.encode(tokenizer, tb.pieces(tokenizer), [text]).cuts for text in ("a cat", "the dog")]
    tokenizer.normalizer = normalizers.Replace("\t", "")
    mixed = tb.encode(tokenizer, tb.pieces(tokenizer), ["a cat", "", "\tcat", "the dog"])
    parts = [
        mixed.cuts[(mixed.cuts > low) & (mixed.cuts < high)] for low, high in ((0, 10), (10, 18), (18, 32))
    ]
    assert parts[0].tolist() == plain[0].tolist() and (parts[2] - 18).tolist() == plain[1].tolist()
    alone = tb.encode(tokenizer, tb.pieces(tokenizer), ["cat"]).cuts
    assert len(alone) and parts[1].tolist() == (10 + 2 + alone).tolist()


@pytest.mark.parametrize("make", [byte_level, with_fallback])
def test_round_trips_are_those_of_decoding(make):
    tokenizer = make()
    tokenizer.add_tokens(["é"])  # which a byte-level decoder takes for a byte
    for known in (tb.pieces(tokenizer), tb.pieces(tokenizer)._replace(plain=False)):
        encoded = tb.encode(tokenizer, known, [*TEXTS, "café"])
        expected = [
            tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids, skip_special_tokens=False)
            == text
            for text in [*TEXTS, "café"]
        ]
        assert tb.round_trips(tokenizer, known, pa.array([*TEXTS, "café"]), encoded).tolist() == expected


def test_bytes_that_are_the_text_need_no_decoding(monkeypatch):
    tokenizer = byte_level()
    known = tb.pieces(tokenizer)
    encoded = tb.encode(tokenizer, known, TEXTS)
    assert known.plain and not tb.pieces(with_fallback()).plain
    assert tb.round_trips(None, known, pa.array(TEXTS), encoded).all()  # nothing is there to decode with
    changed = [TEXTS[1], TEXTS[0], *TEXTS[2:]]
    assert tb.round_trips(tokenizer, known, pa.array(changed), encoded).tolist() == [False, False] + [
        True
    ] * (len(TEXTS) - 2)
