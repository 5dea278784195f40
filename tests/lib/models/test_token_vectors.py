import random

import numpy as np
import pytest

pytest.importorskip("gensim")
from tokenizers import Tokenizer, models, pre_tokenizers

from lib.models import token_vectors


@pytest.fixture(scope="module")
def tokenizer():
    words = ["[UNK]", "red", "blue", "is", "the", "sky", "sea", "runs", "dogs", "cats", "home", "fast"]
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


@pytest.fixture(scope="module")
def texts():
    rng = random.Random(0)
    said = [f"the {rng.choice(['sky', 'sea'])} is {rng.choice(['red', 'blue'])}" for _ in range(600)]
    return [
        *said,
        *(f"{rng.choice(['dogs', 'cats'])} runs {rng.choice(['home', 'fast'])}" for _ in range(600)),
    ]


def learn(texts, tokenizer, seed=0):
    ids, vectors = token_vectors.token_vectors(texts, tokenizer, seed)
    assert vectors.shape == (len(ids), 100) and vectors.dtype == np.float32
    return {tokenizer.id_to_token(index): vector for index, vector in zip(ids, vectors, strict=True)}


def test_tokens_that_are_used_alike_have_like_vectors(texts, tokenizer, monkeypatch):
    # Of eleven words each is frequent: all would be left out at nearly every reading.
    monkeypatch.setitem(token_vectors.SETTINGS, "sample", 0.01)
    found = {word: vector / np.linalg.norm(vector) for word, vector in learn(texts, tokenizer).items()}
    assert found.keys() == {"red", "blue", "is", "the", "sky", "sea", "runs", "dogs", "cats", "home", "fast"}
    assert found["red"] @ found["blue"] > 0.9 > found["red"] @ found["dogs"]
    assert found["dogs"] @ found["cats"] > 0.9 > found["dogs"] @ found["sea"]


def test_the_seed_decides(texts, tokenizer):
    one, same, other = (learn(texts[:100], tokenizer, seed)["sky"] for seed in (0, 0, 1))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_rare_tokens_have_no_vector(tokenizer):
    assert learn(["red red red red red", "red red red red red blue"], tokenizer).keys() == {"red"}
    assert learn(["red"], tokenizer) == {}


def test_no_part_of_a_long_text_is_lost(tokenizer):
    text = " ".join(["red"] * token_vectors.LONGEST + ["blue"] * token_vectors.MIN_COUNT)
    assert learn([text], tokenizer).keys() == {"red", "blue"}
