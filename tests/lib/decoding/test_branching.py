import itertools
from dataclasses import replace

import pytest
import torch
from tiny_lm import HYBRIDS, SMALL, byte_tokenizer, random_model

from lib.decoding.branching import Branch, Decoding, Ending, Prompt, batches, decode
from lib.decoding.choosing import sampled, uniform

TEXTS = ["the cat sat on a mat", "a", "what it was for", "saw", "the"]
LONGEST = 8
GREEDY = Decoding("top-k", 1, LONGEST, (), 4)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


# The last has rows that outgrow its window; no row comes to the end of gemma3_text's own.
MODELS = {
    "llama": {},
    "qwen2": {},
    "gemma3_text": {},
    "gpt_neox": {},
    **HYBRIDS,
    "mistral": {"sliding_window": 6},
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return modest(request.param)


@pytest.fixture(scope="module")
def llama():
    return modest("llama")


def modest(kind):
    """A random model that is less sure of itself, so that rounding is that of a trained model."""
    settings = {**SMALL, "initializer_range": 0.3, **MODELS[kind], "vocab_size": len(byte_tokenizer())}
    model = random_model(kind, **settings)
    model.generation_config.eos_token_id = None  # the tokenizer's alone
    return model


def prompts_of(tokenizer):
    ids = tokenizer(TEXTS, add_special_tokens=False)["input_ids"]
    return [Prompt(*prompt) for prompt in zip(TEXTS, ids, strict=True)]


@torch.inference_mode()
def naive(model, tokenizer, prompts, decoding):
    """Every branch alone, and everything computed anew for every token."""
    found = []
    for number, prompt in enumerate(prompts):
        for rank in range(decoding.branches):
            branch = Branch(number, rank)
            while True:
                logits = model(torch.tensor([[*prompt.ids, *branch.token_ids]]), use_cache=False).logits[
                    0, -1
                ]
                likeliest = logits.argsort(descending=True, stable=True)
                first, second = logits.softmax(-1)[likeliest[:2]].tolist()
                parting = len(branch.token_ids) == decoding.position
                branch.token_margins.append(first - second)
                branch.token_ids.append(likeliest[rank if parting else 0].item())
                ended = branch.token_ids[-1] == tokenizer.eos_token_id
                text = tokenizer.decode(branch.token_ids[:-1] if ended else branch.token_ids)
                cuts = [text.index(stop) for stop in decoding.stop if stop in text]
                branch.completion = text[: min(cuts)] if cuts else text
                branch.stop_reason = "stop" if cuts else "end" if ended else "length"
                if cuts or ended or len(branch.token_ids) == decoding.max_new_tokens:
                    break
            if rank and len(branch.token_ids) <= decoding.position:
                break  # it ended before branches part: there is one
            found.append(branch)
    return found


def assert_same(found, expected, tolerance=1e-5):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.prompt, one.branch) == (other.prompt, other.branch)
        assert one.token_ids == other.token_ids
        assert one.token_margins == pytest.approx(other.token_margins, abs=tolerance)
        assert (one.stop_reason, one.completion) == (other.stop_reason, other.completion)


@pytest.fixture(scope="module")
def ending(model):
    """A tokenizer whose end of text, and a stop string, occur in the middle of some branches."""
    torch.set_num_threads(1)
    tokenizer = byte_tokenizer()
    free = decode(model, tokenizer, prompts_of(tokenizer), Decoding("top-k", 4, LONGEST, (), 64))
    for first, second in itertools.permutations(free, 2):
        end, stop = first.token_ids[3], ("never written", tokenizer.decode(second.token_ids)[4:6])
        if reasons(tokenizer, free, end, stop) == {"end", "stop", "length"}:
            tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end)
            return tokenizer, stop
    raise AssertionError("no branch that ends leaves others")


def reasons(tokenizer, free, end, stop):
    """How branches would end."""
    found, how = [Branch(0, 0) for _ in free], Decoding("top-k", 1, LONGEST, stop, 1)
    for branch, whole in zip(found, free, strict=True):
        all(Ending(tokenizer, {end}, how).add(branch, token, 0.5, None) for token in whole.token_ids)
    return {branch.stop_reason for branch in found}


@pytest.fixture(scope="module")
def expected(model, ending):
    tokenizer, stop = ending
    return naive(model, tokenizer, prompts_of(tokenizer), Decoding("top-k", 4, LONGEST, stop, 1))


def tolerance(model):
    """A recurrent state sums up rounding over the whole row."""
    return 5e-5 if model.config.model_type in HYBRIDS else 1e-5


@pytest.mark.parametrize("rows", [1, 5, 64])  # one by one, refilled, and all together
def test_branches_are_those_of_decoding_each_alone(model, ending, expected, rows):
    tokenizer, stop = ending
    assert {branch.stop_reason for branch in expected} == {"end", "stop", "length"}
    assert len({len(branch.token_ids) for branch in expected}) > 2
    found = decode(model, tokenizer, prompts_of(tokenizer), Decoding("top-k", 4, LONGEST, stop, rows))
    assert_same(found, expected, tolerance(model))
    assert [one.decoded for one in found] == [len(one.token_ids) for one in found]


def test_rows_are_limited_and_finished_branches_cost_nothing(model, ending, expected):
    tokenizer, stop = ending
    shapes = []
    hook = model.register_forward_pre_hook(
        lambda module, args, settings: shapes.append(tuple(settings["input_ids"].shape)), with_kwargs=True
    )
    decode(model, tokenizer, prompts_of(tokenizer), Decoding("top-k", 4, LONGEST, stop, 5))
    hook.remove()
    # The shortest prompt alone has width 1, as steps have: of these each has a row for each branch.
    assert max(rows for rows, _ in shapes) <= 6
    assert sum(rows for rows, _ in shapes) == len(TEXTS) + sum(len(b.token_ids) - 1 for b in expected)


def test_a_branch_that_ends_makes_room_for_the_next(llama):
    tokenizer = byte_tokenizer()
    free = decode(llama, tokenizer, prompts_of(tokenizer), Decoding("top-k", 4, LONGEST, (), 64))
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(free[2].token_ids[3])
    sizes = []
    hook = llama.register_forward_pre_hook(
        lambda module, args, settings: (
            sizes.append(len(settings["input_ids"]))
            if settings["input_ids"].shape[1] == 1 and settings["attention_mask"].dim() == 4
            else None
        ),
        with_kwargs=True,
    )
    found = decode(llama, tokenizer, prompts_of(tokenizer), replace(GREEDY, branches=4, rows=5))
    hook.remove()
    assert any(branch.stop_reason == "end" for branch in found)
    steps = sum(len(branch.token_ids) - 1 for branch in found)
    assert set(sizes[: (steps - 5 * LONGEST) // 5]) == {5}  # full until nothing is left to begin


def test_one_branch_is_greedy_decoding(model):
    tokenizer = byte_tokenizer()
    prompts = prompts_of(tokenizer)
    for branch, prompt in zip(decode(model, tokenizer, prompts, GREEDY), prompts, strict=True):
        written = model.generate(
            torch.tensor([prompt.ids]),
            attention_mask=torch.ones(1, len(prompt.ids), dtype=torch.long),
            max_new_tokens=LONGEST,
            do_sample=False,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
        )
        assert branch.token_ids == written[0, len(prompt.ids) :].tolist()


def test_branches_may_part_later(model, ending):
    tokenizer, _ = ending
    prompts, how = prompts_of(tokenizer)[2:], Decoding("top-k", 3, LONGEST, (), 5, position=3)
    found = decode(model, tokenizer, prompts, how)
    assert_same(found, naive(model, tokenizer, prompts, how), tolerance(model))
    by_prompt = [[one for one in found if one.prompt == number] for number in range(len(prompts))]
    assert {len(branches) for branches in by_prompt} <= {1, 3}
    for branches in by_prompt:
        assert len({tuple(branch.token_ids[:3]) for branch in branches}) == 1
        # What they share counts for the first.
        assert [one.decoded for one in branches] == [
            len(one.token_ids) - (3 if one.branch else 0) for one in branches
        ]
        assert len({branch.token_ids[3] for branch in branches if len(branch.token_ids) > 3}) in (
            0,
            len(branches),
        )


def test_all_end_tokens_of_the_model_end_a_branch(llama, monkeypatch):
    tokenizer = byte_tokenizer()
    prompts = prompts_of(tokenizer)[:2]
    free = decode(llama, tokenizer, prompts, GREEDY)
    ends = [branch.token_ids[at] for branch, at in zip(free, (3, 5), strict=True)]
    monkeypatch.setattr(llama.generation_config, "eos_token_id", ends)
    for branch, whole in zip(decode(llama, tokenizer, prompts, GREEDY), free, strict=True):
        last = min(whole.token_ids.index(end) for end in ends if end in whole.token_ids)
        assert branch.token_ids == whole.token_ids[: last + 1]
        assert (branch.stop_reason, branch.completion) == ("end", tokenizer.decode(whole.token_ids[:last]))


def test_first_tokens_are_the_likeliest_and_share_their_margin(llama):
    tokenizer = byte_tokenizer()
    prompts = prompts_of(tokenizer)[:2]
    found = decode(llama, tokenizer, prompts, Decoding("top-k", 5, 2, (), 64))
    for number, prompt in enumerate(prompts):
        with torch.inference_mode():
            logits = llama(torch.tensor([prompt.ids])).logits[0, -1]
        branches = found[5 * number : 5 * number + 5]
        assert [branch.token_ids[0] for branch in branches] == logits.topk(5).indices.tolist()
        assert len({branch.token_margins[0] for branch in branches}) == 1


SAMPLING = Decoding("sample", 3, LONGEST, (), 64, temperature=0.8, top_p=0.95, seed=1)


def test_a_sample_depends_on_nothing_but_its_seed_item_and_number(llama):
    tokenizer = byte_tokenizer()
    prompts = prompts_of(tokenizer)
    found = decode(llama, tokenizer, prompts, SAMPLING)
    again = decode(llama, tokenizer, prompts[::-1], replace(SAMPLING, rows=2))
    by_item = {(prompts[::-1][one.prompt].item, one.branch): one.token_ids for one in again}
    assert all(one.token_ids == by_item[prompts[one.prompt].item, one.branch] for one in found)
    more = decode(llama, tokenizer, prompts[:1], replace(SAMPLING, branches=4))
    assert [one.token_ids for one in more[:3]] == [one.token_ids for one in found[:3]]
    other = decode(llama, tokenizer, prompts, replace(SAMPLING, seed=2))
    assert sum(one.token_ids == two.token_ids for one, two in zip(found, other, strict=True)) < 3
    assert len({tuple(one.token_ids) for one in found}) > len(found) - 3


@torch.inference_mode()
def test_samples_are_those_of_drawing_each_alone(model):
    tokenizer = byte_tokenizer()
    prompts = prompts_of(tokenizer)
    for branch in decode(model, tokenizer, prompts, replace(SAMPLING, rows=4)):
        prompt = prompts[branch.prompt]
        numbers = uniform(SAMPLING.seed, prompt.item, branch.branch, LONGEST)
        alone: list[int] = []
        while len(alone) < LONGEST and tokenizer.eos_token_id not in alone:
            logits = model(torch.tensor([prompt.ids + alone]), use_cache=False).logits[0, -1:]
            alone += sampled(logits, 0.8, 0.95, numbers[len(alone) : len(alone) + 1]).tolist()
        assert branch.token_ids == alone


def test_margins_of_samples_are_those_of_the_models_own_distribution(llama):
    tokenizer = byte_tokenizer()
    prompts = prompts_of(tokenizer)[:1]
    for branch in decode(llama, tokenizer, prompts, SAMPLING):
        with torch.inference_mode():
            logits = llama(torch.tensor([prompts[0].ids + branch.token_ids])).logits[0]
        best = logits[len(prompts[0].ids) - 1 : -1].softmax(-1).topk(2).values
        assert branch.token_margins == pytest.approx((best[:, 0] - best[:, 1]).tolist(), abs=1e-5)


def test_masses_of_words_are_compared(llama):
    tokenizer = byte_tokenizer()
    prompts, groups = prompts_of(tokenizer)[:2], ([5, 6], [7])
    for branch in decode(llama, tokenizer, prompts, replace(GREEDY, branches=2), groups):
        ids = prompts[branch.prompt].ids
        with torch.inference_mode():
            chances = llama(torch.tensor([ids + branch.token_ids])).logits[0, len(ids) - 1 : -1].softmax(-1)
        contrasts = chances[:, 5] + chances[:, 6] - chances[:, 7]
        assert branch.token_contrasts == pytest.approx(contrasts.tolist(), abs=1e-5)


def test_batches_are_of_like_length_and_depend_on_the_prompts_alone():
    prompts = [Prompt(str(number), [0] * length) for number, length in enumerate((5, 1, 5, 3, 2, 4))]
    how = Decoding("top-k", 20, LONGEST, (), 4)
    assert batches(prompts, how) == [[1, 4], [3, 5], [0, 2]]
    assert batches(prompts, replace(how, branches=100)) == [[1], [4], [3], [5], [0], [2]]
    assert batches(prompts, replace(how, rows=64)) == [[1, 4, 3, 5, 0, 2]]


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
    ending = Ending(Speller(), {0}, Decoding("top-k", 1, longest, ("\nb", "c\n"), 1))
    read = 0
    for token in tokens:
        read += 1
        if not ending.add(branch, token, 0.5, None):
            break
    assert (branch.stop_reason, branch.completion) == (reason, completion)
    assert branch.token_ids == tokens[:read]
    assert len(branch.token_margins) == read
    assert branch.token_contrasts == []


def test_a_stop_string_is_found_whatever_tokens_it_is_made_of():
    tokenizer = byte_tokenizer()
    for text, stop in (("on é mat", "é"), ("a b", "a "), ("the\n\nQ: cat", "\nQ:")):
        branch, ending = Branch(0, 0), Ending(tokenizer, set(), Decoding("top-k", 1, 99, (stop,), 1))
        going = [ending.add(branch, token, 0.5, None) for token in tokenizer.encode(text)]
        assert False in going
        assert (branch.stop_reason, branch.completion) == ("stop", text[: text.index(stop)])
