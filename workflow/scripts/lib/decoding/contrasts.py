"""Questions with two answers, whose probabilities are compared as such (Wang & Zhou 2024, appendix).

The margin of a token would be small where the model wavers between "yes" and "Yes". Instead all tokens of
one answer stand against all of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.decoding.choosing import Groups
from lib.decoding.words import WORDS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def groups(tokenizer: PreTrainedTokenizerBase, verifier: str) -> Groups | None:
    """The tokens of either answer, whatever their case and white space.

    None for other questions, and where an answer has no token of its own, so that margins have to do: one
    answer's mass would stand against nothing.
    """
    if verifier not in WORDS:
        return None
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    first, second = (
        [token for token, text in enumerate(texts) if text.strip().casefold() in words]
        for words in WORDS[verifier]
    )
    return (first, second) if first and second else None
