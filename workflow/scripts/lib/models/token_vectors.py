"""Vectors of a tokenizer's tokens, learnt from text: alike where tokens are used, or spelt, alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lib.seeds import derive

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

MIN_COUNT = 10
# As in the program of Dobler & de Melo (2023), but for two. They read large texts 3 times, which is too
# little of 6 MB in fifteen languages: of 16,000 tokens 5 % of the pairs then have a cosine above 0.92, after
# 10 times above 0.51. And n-grams share fewer buckets than fastText's 2 million: those tokens have 95,000.
EPOCHS = 10
BUCKETS = 200_000
SETTINGS = {
    "vector_size": 100,
    "sg": 0,  # CBOW
    "negative": 10,
    "min_count": MIN_COUNT,
    "window": 5,  # from here on as fastText itself sets them
    "alpha": 0.05,
    "sample": 1e-4,
    "min_n": 3,
    "max_n": 6,
}
LONGEST = 10_000  # tokens of a sentence; gensim drops what comes after
AT_ONCE = 1000  # texts that are encoded together


def token_vectors(texts: Sequence[str], tokenizer: Tokenizer, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Learn a vector for each token that is frequent enough, by fastText over tokens in place of words.

    Its character n-grams are those of a token as it stands in the vocabulary. One thread learns, so the
    same texts and seed give the same vectors on the same machine.

    Args:
        texts: what the tokenizer encodes, each a context of its own.
        tokenizer: used without special tokens.
        seed: of the first vectors and of the draws.

    Returns:
        Ids, shape (n,), and their vectors, shape (n, 100), of the tokens that occur ten times; n may be 0.
    """
    import numpy as np
    from gensim.models import FastText

    names = [tokenizer.id_to_token(index) for index in range(tokenizer.get_vocab_size())]
    sentences = []
    for first in range(0, len(texts), AT_ONCE):
        for encoding in tokenizer.encode_batch_fast(texts[first : first + AT_ONCE], add_special_tokens=False):
            tokens = [names[index] for index in encoding.ids]
            sentences += [tokens[start : start + LONGEST] for start in range(0, len(tokens), LONGEST)]
    model = FastText(**SETTINGS, bucket=BUCKETS, workers=1, seed=derive(seed, "token vectors"))
    model.build_vocab(sentences)
    if model.wv.index_to_key:
        model.train(sentences, total_examples=model.corpus_count, epochs=EPOCHS)
    ids = [tokenizer.token_to_id(token) for token in model.wv.index_to_key]
    return np.array(ids, int), model.wv.vectors
