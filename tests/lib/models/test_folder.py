import pytest
from tiny_lm import byte_tokenizer, random_model

from lib.cli import UserError
from lib.models.folder import check_tokenizer


@pytest.mark.parametrize("bos", [False, True])
def test_a_sound_tokenizer_needs_no_note(bos):
    assert check_tokenizer(byte_tokenizer(bos), random_model("llama"), "tiny") == []


@pytest.mark.parametrize("pad", [None, "<s>"])
def test_padding_is_the_end_of_text_where_there_is_none_or_it_is_the_unknown_token(pad):
    tokenizer = byte_tokenizer()
    tokenizer.unk_token, tokenizer.pad_token = "<s>", pad
    check_tokenizer(tokenizer, random_model("llama"), "tiny")
    assert tokenizer.pad_token == "</s>"


def test_padding_of_its_own_is_kept():
    tokenizer = byte_tokenizer()
    tokenizer.pad_token = "<s>"
    check_tokenizer(tokenizer, random_model("llama"), "tiny")
    assert tokenizer.pad_token == "<s>"


def test_more_tokens_than_embeddings():
    tokenizer = byte_tokenizer()
    tokenizer.add_tokens([f"new{i}" for i in range(60)])
    with pytest.raises(UserError, match=r"models: tiny: the tokenizer has \d+ tokens, the model only 300"):
        check_tokenizer(tokenizer, random_model("llama"), "tiny")


def test_no_end_of_text():
    tokenizer = byte_tokenizer()
    tokenizer.eos_token = None
    with pytest.raises(UserError, match="no end-of-text token"):
        check_tokenizer(tokenizer, random_model("llama"), "tiny")


def test_a_tokenizer_that_loses_text():
    from tokenizers import normalizers

    tokenizer = byte_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.NFC()
    [note] = check_tokenizer(tokenizer, random_model("llama"), "tiny")
    assert note.startswith("the tokenizer does not restore '𠮷")
    tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    with pytest.raises(UserError, match="comes back from the tokenizer as 'hello, world!"):
        check_tokenizer(tokenizer, random_model("llama"), "tiny")
