import pytest
import torch
from tiny_lm import SMALL, byte_tokenizer, random_model

from lib.decoding.asking import ask, written
from lib.decoding.branching import Ask, Branch, Decoding, Prompt, decode


class Tiny:
    """An engine with a random model."""

    def __init__(self):
        torch.set_num_threads(1)
        self.tokenizer = byte_tokenizer()
        self.model = random_model("llama", **{**SMALL, "vocab_size": len(self.tokenizer)})

    def decode(self, prompts, decoding, groups):
        return decode(self.model, self.tokenizer, prompts, decoding, groups)


def test_the_answer_is_what_the_model_writes_after_branch_and_question():
    engine = Tiny()
    tokens = engine.tokenizer
    prompts = [Prompt(text, tokens.encode(text)) for text in ("the cat sat", "a mat")]
    how = Decoding("top-k", 2, 5, (), 8, ask=Ask(" so it is", 4, ()))
    branches = engine.decode(prompts, how, None)
    branches[1].completion = branches[1].completion[:0]  # as where it begins with a stop string
    answers = ask(engine, prompts, branches, how, None)
    assert [len(answer.token_ids) for answer in answers] == [4] * 4
    for branch, answer in zip(branches, answers, strict=True):
        ids = [*prompts[branch.prompt].ids, *written(tokens, branch), *tokens.encode(" so it is")]
        with torch.inference_mode():
            logits = engine.model(torch.tensor([ids + answer.token_ids])).logits[0, len(ids) - 1 : -1]
        assert answer.token_ids == logits.argmax(-1).tolist()
        best = logits.softmax(-1).topk(2).values
        assert answer.token_margins == pytest.approx((best[:, 0] - best[:, 1]).tolist(), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "completion", "kept"),
    [
        ("the mat", "the mat", "the mat"),
        ("the mat</s>", "the mat", "the mat"),
        ("the mat\nQ: a", "the mat", "the mat"),
        ("the mat", "the m", "the m"),  # "mat" may be one token: then it goes
    ],
)
def test_the_tokens_that_a_completion_is_made_of(text, completion, kept):
    tokenizer = byte_tokenizer()
    ids = tokenizer.encode(text)
    found = written(tokenizer, Branch(0, 0, ids, completion=completion))
    assert ids[: len(found)] == found
    assert completion.startswith(tokenizer.decode(found))
    assert not completion.startswith(tokenizer.decode(ids[: len(found) + 1])) or len(found) == len(ids)
    assert kept.startswith(tokenizer.decode(found))
