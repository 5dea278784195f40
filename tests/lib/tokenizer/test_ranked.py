import pytest
from published import hard_texts, ranks, tekken_file, tiktoken_file

from lib.tokenizer import ranked
from lib.tokenizer.ranked import ENCODINGS, Ranks


def ids(tokenizer, texts):
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_ids_are_those_of_tiktoken(encoding):
    found = ranked.from_lines(tiktoken_file(), ENCODINGS[encoding])
    tokenizer = ranked.to_tokenizer(found)
    texts = hard_texts()
    assert ranked.differing(found, texts, ids(tokenizer, texts)) == []
    assert tokenizer.get_vocab_size() == len(found.ranks) + len(ENCODINGS[encoding].special)
    if not found.nfc:
        assert tokenizer.decode_batch(ids(tokenizer, texts)) == texts


def test_patterns_are_read_alike_for_every_character():
    characters = [chr(code) for code in range(0x3400) if not 0xD800 <= code < 0xE000]
    texts = [f"x{char}'{char} {char}{char}1\n {char}'S" for char in characters]
    for encoding in ("cl100k_base", "o200k_base"):
        found = Ranks({bytes([byte]): byte for byte in range(256)} | ranks(), ENCODINGS[encoding].pattern, {})
        found = found._replace(ranks=ranks())
        wrong = ranked.differing(found, texts, ids(ranked.to_tokenizer(found), texts))
        assert wrong == []


def test_openai_patterns_are_those_of_tiktoken(monkeypatch):
    from tiktoken_ext import openai_public

    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", lambda *args, **kwargs: {})
    for name in ("cl100k_base", "o200k_base"):
        assert getattr(openai_public, name)()["pat_str"] == ENCODINGS[name].pattern


def test_qwen_composes_text_first():
    found = ranked.from_lines(tiktoken_file(), ENCODINGS["qwen"])
    apart, composed = ids(ranked.to_tokenizer(found), ["e\u0301te\u0301", "été"])
    assert apart == composed


def test_special_tokens_of_tekken_come_first_and_text_never_becomes_one():
    found = ranked.from_tekken(tekken_file(r"\s+|\S+"))
    tokenizer = ranked.to_tokenizer(found)
    texts = [*hard_texts(), "<SPECIAL_3>"]
    found_ids = ids(tokenizer, texts)
    assert ranked.differing(found, texts, found_ids) == []
    assert min(min(row) for row in found_ids if row) >= 10 and tokenizer.token_to_id(" <SPECIAL_3>") == 3
    assert len(found.ranks) == len(ranks()) - 5


def test_a_difference_is_found():
    found = ranked.from_lines(tiktoken_file(), ENCODINGS["llama3"])
    assert ranked.differing(found, ["a", "b"], [[found.ranks[b"a"]], [0]]) == ["b"]


def test_possessive_quantifiers_and_the_end_of_the_text():
    assert ranked.oniguruma(r"\p{N}{1,3}+|\p{L}++|\p{L}+|a?+|\s++$") == (r"\p{N}{1,3}|\p{L}+|\p{L}+|a?|\s+\z")


def test_pieces_without_all_bytes_are_refused():
    with pytest.raises(ValueError, match="255 of the 256 bytes have no piece"):
        ranked.from_lines(b"YQ== 0", ENCODINGS["llama3"])
