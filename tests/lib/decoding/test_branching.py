import pytest
import torch
from tiny_lm import HYBRIDS, SMALL, byte_tokenizer, random_model

from lib.decoding import branching
from lib.decoding.branching import Branch, Decoding, decode, top_two

TEXTS = ["the cat sat on a mat", "a", "what it was for", "saw", "on a mat and saw the cat", "the"]
LONGEST = 10


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


MODELS = {"llama": {}, "qwen2": {}, "gpt_neox": {}, **HYBRIDS}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    settings = {**SMALL, **MODELS[request.param], "vocab_size": len(byte_tokenizer())}
    model = random_model(request.param, **settings)
    model.generation_config.eos_token_id = None  # the tokenizer's alone
    return model


def prompts_of(tokenizer):
    return tokenizer(TEXTS, add_special_tokens=False)["input_ids"]


@torch.inference_mode()
def naive(model, tokenizer, prompts, decoding):
    """Every branch alone, and everything computed anew for every token."""
    found = []
    for number, prompt in enumerate(prompts):
        for rank in range(decoding.branches):
            branch = Branch(number, rank)
            while True:
                logits = model(torch.tensor([[*prompt, *branch.token_ids]]), use_cache=False).logits[0, -1]
                likeliest = logits.argsort(descending=True, stable=True)
                first, second = logits.softmax(-1)[likeliest[:2]].tolist()
                branch.token_margins.append(first - second)
                branch.token_ids.append(likeliest[0 if branch.token_ids else rank].item())
                ended = branch.token_ids[-1] == tokenizer.eos_token_id
                text = tokenizer.decode(branch.token_ids[:-1] if ended else branch.token_ids)
                cuts = [text.index(stop) for stop in decoding.stop if stop in text]
                branch.completion = text[: min(cuts)] if cuts else text
                branch.stop_reason = "stop" if cuts else "end" if ended else "length"
                if cuts or ended or len(branch.token_ids) == decoding.max_new_tokens:
                    break
            found.append(branch)
    return found


def in_order(batches):
    return sorted((branch for batch in batches for branch in batch), key=lambda b: (b.prompt, b.branch))


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.prompt, one.branch) == (other.prompt, other.branch)
        assert one.token_ids == other.token_ids
        assert one.token_margins == pytest.approx(other.token_margins, abs=5e-5)
        assert (one.stop_reason, one.completion) == (other.stop_reason, other.completion)


@pytest.fixture(scope="module")
def ending(model):
    """A tokenizer whose end of text, and a stop string, occur in the middle of some branches."""
    torch.set_num_threads(1)
    tokenizer = byte_tokenizer()
    free = naive(model, tokenizer, prompts_of(tokenizer), Decoding(4, LONGEST, (), 1))
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(free[2].token_ids[3])
    text = tokenizer.decode(free[9].token_ids)
    return tokenizer, ("never written", text[4:6])


@pytest.fixture(scope="module")
def expected(model, ending):
    tokenizer, stop = ending
    return naive(model, tokenizer, prompts_of(tokenizer), Decoding(4, LONGEST, stop, 1))


@pytest.mark.parametrize("rows", [1, 9, 64])  # prompts one by one, in twos, and all together
def test_branches_are_those_of_decoding_each_alone(model, ending, expected, rows):
    tokenizer, stop = ending
    assert {branch.stop_reason for branch in expected} == {"end", "stop", "length"}
    assert len({len(branch.token_ids) for branch in expected}) > 2
    batches = list(decode(model, tokenizer, prompts_of(tokenizer), Decoding(4, LONGEST, stop, rows)))
    assert [len(batch) // 4 for batch in batches] == {1: [1] * 6, 9: [2] * 3, 64: [6]}[rows]
    assert_same(in_order(batches), expected)


def test_rows_are_limited_and_finished_branches_cost_nothing(model, ending, expected):
    tokenizer, stop = ending
    shapes = []
    hook = model.register_forward_pre_hook(
        lambda module, args, settings: shapes.append(tuple(settings["input_ids"].shape)), with_kwargs=True
    )
    list(decode(model, tokenizer, prompts_of(tokenizer), Decoding(4, LONGEST, stop, 8)))
    hook.remove()
    # A prompt of one token also has width 1: the first forward of each batch has a row a prompt.
    assert max(rows for rows, _ in shapes) <= 8
    assert sum(rows for rows, width in shapes) == len(TEXTS) + sum(len(b.token_ids) - 1 for b in expected)


def test_one_branch_is_greedy_decoding(model):
    tokenizer = byte_tokenizer()
    prompts = prompts_of(tokenizer)
    found = in_order(decode(model, tokenizer, prompts, Decoding(1, LONGEST, (), 4)))
    for branch, prompt in zip(found, prompts, strict=True):
        written = model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=LONGEST,
            do_sample=False,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
        )
        assert branch.token_ids == written[0, len(prompt) :].tolist()


def test_all_end_tokens_of_the_model_end_a_branch(model, monkeypatch):
    tokenizer = byte_tokenizer()
    prompts = prompts_of(tokenizer)[:2]
    how = Decoding(1, LONGEST, (), 4)
    free = in_order(decode(model, tokenizer, prompts, how))
    ends = [branch.token_ids[at] for branch, at in zip(free, (3, 5), strict=True)]
    monkeypatch.setattr(model.generation_config, "eos_token_id", ends)
    for branch, whole in zip(in_order(decode(model, tokenizer, prompts, how)), free, strict=True):
        last = min(whole.token_ids.index(end) for end in ends if end in whole.token_ids)
        assert branch.token_ids == whole.token_ids[: last + 1]
        assert (branch.stop_reason, branch.completion) == ("end", tokenizer.decode(whole.token_ids[:last]))


def test_first_tokens_are_the_likeliest_and_share_their_margin(model):
    tokenizer = byte_tokenizer()
    prompts = prompts_of(tokenizer)[:2]
    found = in_order(decode(model, tokenizer, prompts, Decoding(5, 2, (), 64)))
    for number, prompt in enumerate(prompts):
        with torch.inference_mode():
            logits = model(torch.tensor([prompt])).logits[0, -1]
        branches = found[5 * number : 5 * number + 5]
        assert [branch.token_ids[0] for branch in branches] == logits.topk(5).indices.tolist()
        assert len({branch.token_margins[0] for branch in branches}) == 1


def test_margins_are_of_probabilities_over_the_whole_vocabulary():
    tokens, margins = top_two(torch.tensor([[0.5, 0.1, 0.4], [0.2, 0.2, 0.6]]).log() + 7)
    assert tokens.tolist() == [0, 2]
    assert margins.tolist() == pytest.approx([0.1, 0.4])


class Speller:
    """A tokenizer of five letters, in which 0 is the end of text."""

    def decode(self, ids):
        return "".join("$ab\nc"[index] for index in ids)


@pytest.mark.parametrize(
    ("tokens", "longest", "reason", "completion"),
    [
        ([1, 2, 0], 9, "end", "ab"),
        ([0], 9, "end", ""),
        ([1, 3, 2], 9, "stop", "a"),  # "\nb"
        ([1, 4, 3, 2], 9, "stop", "a"),  # "c\n" stands before "\nb", and ends the branch first
        ([3, 2], 2, "stop", ""),
        ([1, 2, 1], 3, "length", "aba"),
        ([1, 3], 2, "length", "a\n"),  # half a stop string stays
        ([1, 0], 2, "end", "a"),
    ],
)
def test_how_a_branch_ends(tokens, longest, reason, completion):
    branch = Branch(0, 0)
    how = Decoding(1, longest, ("\nb", "c\n"), 1)
    read = 0
    for token in tokens:
        read += 1
        if not branching._extend([branch], [token], [0.5], Speller(), {0}, how):
            break
    assert (branch.stop_reason, branch.completion) == (reason, completion)
    assert branch.token_ids == tokens[:read]
    assert len(branch.token_margins) == read
