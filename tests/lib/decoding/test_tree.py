import math
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from tiny_lm import HYBRIDS, SMALL, random_model

from lib.decoding.branching import Branch, Decoding, Prompt, batches, decode
from lib.decoding.tree import Tree, search

PROMPTS = [Prompt("a", [5, 6, 7, 8, 9, 10]), Prompt("b", [11]), Prompt("c", [12, 13, 14])]
HOW = Decoding("tree", 9, 12, ("!?",), 4, width=3, separators=(".", "-"), exploration=0.3)


class Speller:
    """A tokenizer of 30 tokens: what a model often writes separates steps, also within tokens, or ends."""

    def __init__(self, model):
        plain = Decoding("top-k", 6, 12, (), 99)
        free = decode(model, SimpleNamespace(eos_token_id=None, decode=str), PROMPTS, plain)
        often = Counter(token for branch in free for token in branch.token_ids)
        often = [*(token for token, _ in often.most_common()), *range(30)]
        texts = (".", "e", "c-d", "f", "$", "a.", ".b", "g", "!", "?", "-", *"hijklmnopqrstuvwxyz")
        self.pieces = dict(zip(dict.fromkeys(often), texts, strict=True))
        (self.eos_token_id,) = [token for token, text in self.pieces.items() if text == "$"]

    def decode(self, ids):
        return "".join(self.pieces[index] for index in ids)


def surety(branch):
    """Any value that differs from rollout to rollout, but not by rounding."""
    return round(sum(branch.token_margins) / len(branch.token_margins), 3)


@torch.inference_mode()
def naive(model, tokenizer, prompt, how):
    """Rollouts as lists of steps: what a tree knows is counted from them, and every token computed, anew."""
    found = []

    def through(steps):
        return [one for one in found if one.steps[: len(steps)] == steps]

    def children(steps):
        longer = [one.steps for one in through(steps) if one.steps != steps]
        return list(dict.fromkeys(path[: len(steps) + 1] for path in longer))

    def closed(steps):
        if any(one.steps == steps for one in found):
            return True
        return len(children(steps)) == how.width and all(map(closed, children(steps)))

    def mean(steps):
        return sum(one.value for one in through(steps)) / len(through(steps))

    def upper(child):
        parent, own = len(through(child[:-1])), len(through(child))
        return mean(child) + how.exploration * math.sqrt(math.log(parent) / own)

    def rolled_out(steps, rank):
        branch = Branch(0, 0, [token for step in steps for token in step])
        begun = len(branch.token_ids)
        for token in range(how.max_new_tokens):
            logits = model(torch.tensor([[*prompt.ids, *branch.token_ids[:token]]]), use_cache=False).logits
            likeliest = logits[0, -1].argsort(descending=True, stable=True)
            first, second = logits[0, -1].softmax(-1)[likeliest[:2]].tolist()
            branch.token_margins.append(first - second)
            if token >= begun:
                branch.token_ids.append(likeliest[rank if token == begun else 0].item())
            written = tokenizer.decode(branch.token_ids)
            if token >= begun and (branch.token_ids[-1] == tokenizer.eos_token_id or "!?" in written):
                break
        new, step = list(steps), []
        pieces = [tokenizer.decode([token]) for token in branch.token_ids] + [""]
        for count, token in enumerate(branch.token_ids[begun:], begun + 1):
            step.append(token)
            if pieces[count - 1][-1] in how.separators or {*pieces[count][:-1]} & {*how.separators}:
                new.append(tuple(step))
                step = []
        new += [tuple(step)] if step else []
        return SimpleNamespace(steps=tuple(new), value=surety(branch), branch=branch)

    while len(found) < how.branches and not closed(()):
        steps = ()
        while len(children(steps)) == how.width:
            steps = max((child for child in children(steps) if not closed(child)), key=upper)
        first, left = len(children(steps)), how.branches - len(found)
        found += [rolled_out(steps, rank) for rank in range(first, how.width)][:left]

    def ranked(steps):
        if not children(steps):
            return through(steps)
        order = sorted(children(steps), key=lambda child: (-len(through(child)), -mean(child)))
        return [one for child in order for one in ranked(child)]

    return ranked(())


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def small(kind):
    """A random model of 30 tokens, which no token but the tokenizer's ends."""
    settings = {**SMALL, "initializer_range": 0.3, **HYBRIDS.get(kind, {}), "vocab_size": 30}
    model = random_model(kind, **settings)
    model.generation_config.eos_token_id = None
    return model


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gemma3_text", "gpt_neox", "lfm2"])
def test_a_search_is_that_of_each_prompt_alone(kind):
    model = small(kind)
    tokenizer = Speller(model)
    expected = [naive(model, tokenizer, prompt, HOW) for prompt in PROMPTS]
    assert max(len(one.steps) for tree in expected for one in tree) > 3
    assert len({len(one.branch.token_ids) for tree in expected for one in tree}) > 1
    for rows in (2, 5):
        found = search(model, tokenizer, PROMPTS, replace(HOW, rows=rows), None, surety)
        for index, tree in enumerate(expected):
            rollouts = [one for one in found if one.prompt == index]
            assert [one.branch for one in rollouts] == list(range(len(tree)))
            assert [one.token_ids for one in rollouts] == [one.branch.token_ids for one in tree]
            for one, other in zip(rollouts, tree, strict=True):
                assert one.token_margins == pytest.approx(other.branch.token_margins, abs=5e-5)


class Letters:
    """Rollouts by hand: of tokens that are letters, greedily ``b.b!`` after whatever they begin with."""

    names = ".!bcd"

    def __init__(self, how, value, depth=2):
        self.tree, self.made, self.depth = Tree(0, how, self.decode, value), [], depth

    def decode(self, ids):
        return "".join(self.names[index] for index in ids)

    def rollout(self, start, rank):
        begun = self.decode(start.token_ids)
        text = begun + "bcd"[rank] + ".b" * (self.depth - 1 - begun.count(".")) + "!"
        ids = [self.names.index(one) for one in text]
        return replace(start, branch=rank, token_ids=ids, token_margins=[0.5] * len(text))

    def all(self):
        """The rollouts in the order of their ranks; they end in the other order."""
        while stem := self.tree.next():
            rollouts = [self.rollout(stem.start, rank) for rank in stem.numbers]
            self.made += [self.decode(one.token_ids) for one in rollouts]
            assert [self.tree.add(one) for one in reversed(rollouts)] == [False] * (len(rollouts) - 1) + [
                True
            ]
        return self.made


TWO = Decoding("tree", 99, 9, (), 1, width=2, separators=(".",), exploration=0.0)


def test_a_place_is_expanded_whole_and_then_the_best_is_followed():
    letters = Letters(replace(TWO, width=3, branches=5), lambda one: float(one.token_ids[0] == 2))
    assert letters.all() == ["b.b!", "c.b!", "d.b!", "b.c!", "b.d!"]
    letters = Letters(replace(TWO, width=3, branches=6), lambda one: float(one.token_ids[0] == 3))
    assert letters.all()[3:] == ["c.c!", "c.d!", "b.c!"]  # nothing of c was left, and one rollout


def test_exploration_goes_where_few_went():
    wide = replace(TWO, width=3, branches=7)
    worth = {2: 1.0, 3: 0.9, 4: 0.0}  # by the first letter
    for exploration, last in ((0.0, ["b.b.c!", "b.b.d!"]), (0.5, ["c.c.b!", "c.d.b!"])):
        how = replace(wide, exploration=exploration)
        made = Letters(how, lambda one: worth[one.token_ids[0]], depth=3).all()
        # 1 + 0.5 √(ln 5 / 3) = 1.37 of b is less than 0.9 + 0.5 √(ln 5 / 1) = 1.53 of c.
        assert made[3:] == ["b.c.b!", "b.d.b!", *last]


def test_a_search_ends_with_its_tree_and_puts_the_most_visited_first():
    letters = Letters(TWO, lambda one: float(one.token_ids[0] == 3 and one.token_ids[2] == 2))
    assert letters.all() == ["b.b!", "c.b!", "c.c!", "b.c!"]
    best = [letters.decode(one.token_ids) for one in letters.tree.rollouts()]
    assert best == ["c.b!", "c.c!", "b.b!", "b.c!"]  # as many visits each: by value, then by rank
    letters = Letters(replace(TWO, branches=3), lambda one: 0.0)
    letters.all()
    assert [letters.decode(one.token_ids) for one in letters.tree.rollouts()] == ["b.b!", "b.c!", "c.b!"]


@pytest.mark.parametrize(
    ("separators", "pieces", "expected"),
    [
        ((". ",), ["It", ".", " So", ".", " "], [2, 5]),  # before the token that has more than the space
        (("\n",), ["a", "\n", "b", "\n"], [2, 4]),
        (("\n", ". "), ["a", ". ", "b\n", "c"], [2, 3, 4]),
        (("x",), ["a", "b"], [2]),
        (("\n",), ["a\nb", "c"], [2]),  # in the middle of the first token: no place is before it
        (("\n",), ["c", "a\nb", "c"], [1, 3]),
    ],
)
def test_where_steps_end(separators, pieces, expected):
    tree = Tree(
        0, replace(TWO, separators=separators), lambda ids: "".join(pieces[i] for i in ids), lambda one: 0.0
    )
    assert tree._steps(Branch(0, 0, list(range(len(pieces))))) == expected


def test_tokens_of_a_search_count_once():
    model = small("llama")
    tokenizer, stepped = Speller(model), []
    hook = model.register_forward_pre_hook(
        lambda module, args, settings: (
            stepped.append(len(settings["input_ids"])) if settings["attention_mask"].dim() == 4 else None
        ),
        with_kwargs=True,
    )
    found = search(model, tokenizer, PROMPTS[:1], HOW, None, surety)
    hook.remove()
    # One token of each rollout comes from what was read, each other one from a step.
    assert [one.decoded for one in found] == [sum(stepped) + len(found), *[0] * (len(found) - 1)]
    assert sum(stepped) + len(found) < sum(len(one.token_ids) for one in found)


def test_a_batch_has_a_tree_for_every_row():
    prompts = [Prompt(str(number), [0]) for number in range(9)]
    assert list(map(len, batches(prompts, replace(HOW, branches=400)))) == [4, 4, 1]
