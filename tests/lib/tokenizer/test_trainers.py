from collections import Counter

import pytest
import sentencepiece
from multilingual import texts

from lib.cli import UserError
from lib.tokenizer import trainers as training

SIZES = {"bpe": 400, "unigram": 345, "bytebpe": 320}
TEXTS = [*texts(), *texts(), "a  b   c    d\n\tif x:\n        return 1  # two\n"]


def bytebpe_alone(texts, size):
    """The trainer's own tokenizer of one size: the slow twin of cutting a larger one's merges."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(training.WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=training.MIN_FREQUENCY,
        special_tokens=list(training.ROLES.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def train(family):
    if family == "bytebpe":
        return training.bytebpe(TEXTS, SIZES[family])
    model = training.sentencepiece_model(TEXTS, family, SIZES[family])
    return training.from_sentencepiece(sentencepiece.SentencePieceProcessor(model_proto=model), family)


@pytest.fixture(scope="module", params=SIZES)
def trained(request):
    return request.param, train(request.param)


def test_any_text_comes_back(trained):
    _, tokenizer = trained
    everything = [chr(code) for code in range(0x3000) if not 0xD800 <= code < 0xE000]
    assert (
        training.damaged(tokenizer, [*training.NASTY, *TEXTS, *everything, "<|endoftext|> <|unknown|>"]) == []
    )


def test_the_vocabulary_has_the_size_asked_for_and_all_bytes(trained):
    family, tokenizer = trained
    assert tokenizer.get_vocab_size() == SIZES[family]
    if family == "bytebpe":
        assert sum(len(piece) == 1 for piece in tokenizer.get_vocab()) == 256
    else:
        assert all(tokenizer.token_to_id(f"<0x{byte:02X}>") is not None for byte in range(256))


def test_a_smaller_bytebpe_is_the_beginning_of_a_larger_one():
    merges = training.byte_merges(TEXTS, 330)
    for size in (259, 260, 290, 329, 330):
        assert training.bytebpe_of(merges, size).to_str() == bytebpe_alone(TEXTS, size).to_str()


def test_two_merges_that_make_the_same_piece():
    doubled = [("a", "b"), ("b", "c"), ("ab", "c"), ("a", "bc"), ("x", "y")]
    assert training.bytebpe_of(doubled, 263).get_vocab()["xy"] == 262


def test_training_again_gives_the_same_file(trained):
    family, tokenizer = trained
    assert train(family).to_str() == tokenizer.to_str()


def test_no_token_is_unknown(trained):
    _, tokenizer = trained
    unknown = tokenizer.token_to_id(training.UNKNOWN)
    assert all(unknown not in tokenizer.encode(text).ids for text in training.NASTY)


def test_transformers_loads_the_folder(trained, tmp_path):
    from transformers import AutoTokenizer

    _, tokenizer = trained
    training.save(tokenizer, tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.eos_token == "<|endoftext|>" and loaded.pad_token == "<|padding|>"
    assert loaded.pad_token_id not in (None, loaded.eos_token_id, loaded.unk_token_id)
    for text in (*TEXTS, *training.NASTY):
        ids = loaded(text)["input_ids"]
        assert ids == tokenizer.encode(text, add_special_tokens=False).ids
        assert loaded.decode(ids) == text


@pytest.mark.parametrize("family", ["bpe", "unigram"])
def test_ids_are_those_of_sentencepiece(family):
    model = sentencepiece.SentencePieceProcessor(
        model_proto=training.sentencepiece_model(TEXTS, family, SIZES[family])
    )
    tokenizer = training.from_sentencepiece(model, family)
    assert training.differences(model, tokenizer, [*TEXTS, *training.NASTY]) == []
    assert [tokenizer.encode(text).ids for text in TEXTS] == model.encode(TEXTS)


def test_a_wrong_conversion_is_noticed():
    model = sentencepiece.SentencePieceProcessor(model_proto=training.sentencepiece_model(TEXTS, "bpe", 400))
    wrong = training.from_sentencepiece(model, "unigram")  # reads merge ranks as log probabilities
    assert training.differences(model, wrong, TEXTS)
    deaf = training.from_sentencepiece(model, "bpe")
    deaf.normalizer = None  # spaces stay what they are, and have no piece
    assert training.differences(model, deaf, TEXTS)


def test_a_tokenizer_that_loses_text_is_noticed():
    from tokenizers import Tokenizer, models

    flag_alone = Tokenizer(
        models.BPE(vocab={"<unk>": 0, "a": 1}, merges=[], unk_token="<unk>", byte_fallback=True)
    )
    assert training.damaged(flag_alone, ["a", "b"]) == ["b"]


@pytest.mark.parametrize("family", ["bpe", "unigram"])
def test_a_byte_piece_written_out_stays_text(family):
    tokenizer = train(family)
    assert tokenizer.token_to_id("<0x41>") not in tokenizer.encode("a<0x41> <0xZZ>").ids
    assert tokenizer.decode(tokenizer.encode("a<0x41> <0xZZ>").ids) == "a<0x41> <0xZZ>"


def test_marks_stay_with_their_letters():
    tokenizer = training.bytebpe(["பூனை"] * 3, 265)
    words = tokenizer.pre_tokenizer.pre_tokenize_str("பூனை பூனை, it's 12")
    assert len(words) == len(["பூனை", " பூனை", ",", " it", "'s", " 12"])


@pytest.mark.parametrize("family", ["bpe", "unigram"])
def test_a_size_that_the_text_does_not_support(family):
    with pytest.raises(
        UserError, match=r"tokenizer.grid: this text supports \d+ pieces, not 50000; lower sizes"
    ):
        training.sentencepiece_model(TEXTS, family, 50000)
    with pytest.raises(
        UserError, match=r"tokenizer.grid: 262 pieces do not hold .* raise sizes to \d+ or more"
    ):
        training.sentencepiece_model(TEXTS, family, 262)


WORDPIECE = 180


@pytest.fixture(scope="module")
def wordpiece():
    return training.wordpiece(lambda: TEXTS, WORDPIECE)


def test_wordpiece_is_the_same_every_time(wordpiece):
    """The library's own trainer gives another vocabulary with every run."""
    assert wordpiece.get_vocab_size() == WORDPIECE
    assert all(training.wordpiece(lambda: TEXTS, WORDPIECE).to_str() == wordpiece.to_str() for _ in range(5))


def test_wordpiece_parts_words_and_knows_its_limits(wordpiece):
    encoding = wordpiece.encode("the mat 猫 \u0d9a<|endoftext|>", add_special_tokens=False)
    assert "".join(encoding.tokens).replace("##", "") == "themat猫<|unknown|><|endoftext|>"
    assert wordpiece.decode(wordpiece.encode("saw the mat").ids) == "saw the mat"
    assert training.damaged(wordpiece, ["two  spaces"]) and "wordpiece" not in training.LOSSLESS


def test_wordpiece_leaves_out_the_rarest_characters():
    counts = Counter({"a": 9000, "b": 994, "d": 2, "c": 4})
    assert training._rare(counts) == ["d"]  # a and b alone are 0.9994 of the text
    assert training._rare(Counter({"a": 1})) == [] and training._rare(Counter()) == []


def test_wordpiece_sizes_out_of_reach():
    with pytest.raises(UserError, match=r"this text supports \d+ pieces, not 50000"):
        training.wordpiece(lambda: TEXTS, 50000)
    with pytest.raises(
        UserError, match=r"50 pieces do not hold the characters .* raise sizes to \d+ or more"
    ):
        training.wordpiece(lambda: TEXTS, 50)


def test_a_size_that_the_text_does_not_support_in_bytes():
    with pytest.raises(
        UserError, match=r"tokenizer.grid: this text supports \d+ pieces, not 50000; lower sizes"
    ):
        training.bytebpe(TEXTS, 50000)
    with pytest.raises(UserError, match=r"tokenizer.grid: 258 pieces do not hold the 256 bytes"):
        training.bytebpe(TEXTS, 258)
