"""Decoding of several branches per prompt: the engine of evaluation and of self-improvement.

CoT-decoding (Wang & Zhou 2024, arXiv:2402.10200) takes the k likeliest first tokens and goes on
greedily from each. Sampled branches (self-consistency, Wang et al. 2023, arXiv:2203.11171) are drawn
token by token. One branch of the likeliest tokens is greedy decoding, so one engine serves all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from lib.decoding.choosing import Groups, Look, look, sampled, uniform
from lib.decoding.rows import Prefix, read, rows_for
from lib.models.lm import end_ids

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FILLS = 10  # how often the branches of a batch fill its rows: at its end, rows run empty
PROMPT = "{prompt}"  # where a template has the prompt of an item


class Ask(NamedTuple):
    """What is put after a branch, and how long the model goes on from there.

    Attributes:
        text: like `` So the answer is``.
        max_new_tokens: longest answer, in tokens.
        stop: strings that end it.
    """

    text: str
    max_new_tokens: int
    stop: tuple[str, ...]


@dataclass(frozen=True)
class Decoding:
    """How branches are decoded.

    Attributes:
        how: ``top-k`` (the likeliest tokens at one position, greedy before and after), ``sample``, ``beam``
            or ``tree`` (:mod:`lib.decoding.tree`).
        branches: k, of each prompt; of ``tree`` the rollouts.
        max_new_tokens: longest branch, in tokens.
        stop: strings that end a branch; the text is cut before them.
        rows: branches that are decoded together; the cache holds no more.
        position: of ``top-k``: the token at which branches part, 0 for the first.
        temperature, top_p: of ``sample``, see :func:`lib.decoding.choosing.sampled`.
        seed: of ``sample``.
        width, separators, exploration, filter: of ``tree``, see :class:`lib.decoding.tree.Tree`.
        prompt: what is read in place of a prompt, which it holds as ``{prompt}``.
        ask: how each branch is asked for its answer, if it is.
    """

    how: str
    branches: int
    max_new_tokens: int
    stop: tuple[str, ...]
    rows: int
    position: int = 0
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0
    width: int = 0
    separators: tuple[str, ...] = ()
    exploration: float = 0.0
    filter: tuple[str, ...] = ()
    prompt: str = PROMPT
    ask: Ask | None = None

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Decoding:
        """From settings as they come from JSON."""
        asked = settings.get("ask")
        ask = asked and Ask(asked["text"], asked["max_new_tokens"], tuple(asked["stop"]))
        lists = {key: tuple(value) for key, value in settings.items() if isinstance(value, list)}
        return cls(**{**settings, **lists, "ask": ask})

    def asked(self, prompt: str) -> str:
        """What is read for the prompt of an item."""
        return self.prompt.replace(PROMPT, prompt)


class Prompt(NamedTuple):
    """What is decoded from: the name of an item, and token ids, at least one."""

    item: str
    ids: list[int]


@dataclass
class Branch:
    """One decoded branch of one prompt.

    Attributes:
        prompt: index of the prompt.
        branch: its number; of ``top-k`` the rank of the token at which branches part, so that 0 is the
            greedy path.
        token_ids: tokens as generated, the end-of-text token included.
        token_margins: p(top 1) - p(top 2) at each of these positions, over the whole vocabulary. Branches
            share the margins of the positions up to where they part.
        token_contrasts: as :class:`lib.decoding.choosing.Look` has it, where groups are given.
        stop_reason: ``end`` (end of text), ``stop`` (a stop string) or ``length``.
        completion: the text, cut before a stop string.
        decoded: tokens that were decoded for it. What branches share counts once, for the first of them;
            what a search throws away counts for the first that it keeps.
    """

    prompt: int
    branch: int
    token_ids: list[int] = field(default_factory=list)
    token_margins: list[float] = field(default_factory=list)
    token_contrasts: list[float] = field(default_factory=list)
    stop_reason: str = "length"
    completion: str = ""
    decoded: int = 0

    def fork(self, branch: int, length: int | None = None) -> Branch:
        """A branch of its own, with the tokens so far, or so many of them."""
        names = ("token_ids", "token_margins", "token_contrasts")
        lists = {name: getattr(self, name)[:length] for name in names}
        return replace(self, branch=branch, decoded=0 if branch else self.decoded, **lists)


class Stem(NamedTuple):
    """What branches begin with.

    Attributes:
        start: tokens so far, of a prompt.
        numbers: of the branches, which are the ranks of the tokens that follow, unless these are drawn.
    """

    start: Branch
    numbers: range


def batches(prompts: Sequence[Prompt], decoding: Decoding) -> list[list[int]]:
    """The prompts of each batch, by index: of like length, in an order that depends on the prompts alone.

    Rows are refilled within a batch and never across two, so that a batch's branches are the same bits
    whichever other batches a process decodes.
    """
    by_length = sorted(range(len(prompts)), key=lambda index: (len(prompts[index].ids), index))
    least = decoding.rows if decoding.how == "tree" else 1  # a tree has few rows at a time
    size = max(least, FILLS * decoding.rows // decoding.branches)
    return [by_length[start : start + size] for start in range(0, len(by_length), size)]


def decode(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    groups: Groups | None = None,
) -> list[Branch]:
    """Decode all branches of the prompts of one batch.

    Each prompt is read once, and a branch that ends makes room for another. In float32 the tokens are
    those of decoding every branch alone.

    Args:
        model: in evaluation mode.
        tokenizer: of the model.
        prompts: in the order in which they are read.
        decoding: how.
        groups: ids of tokens whose masses are compared, see :class:`lib.decoding.choosing.Look`.

    Returns:
        the branches by prompt and number; k of each prompt, but one where it ended before they part.
    """
    if decoding.how == "beam":
        from lib.decoding.beam import beams

        return beams(model, tokenizer, prompts, decoding, groups)
    starts = [Branch(index, 0) for index in range(len(prompts))]
    ended: list[Branch] = []
    if decoding.position:
        greedy = replace(decoding, branches=1, max_new_tokens=decoding.position)
        stems = [Stem(start, range(1)) for start in starts]
        starts = Batch(model, tokenizer, prompts, greedy, groups).run(stems)
        ended = [start for start in starts if start.stop_reason != "length"]
        starts = [start for start in starts if start.stop_reason == "length"]
    stems = [Stem(start, range(decoding.branches)) for start in starts]
    found = Batch(model, tokenizer, prompts, decoding, groups).run(stems)
    return sorted(ended + found, key=lambda branch: (branch.prompt, branch.branch))


class Ending:
    """When a branch ends, and what its text is then."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, ends: set[int], decoding: Decoding) -> None:
        self.tokenizer, self.ends, self.decoding = tokenizer, ends, decoding
        self.finals = {stop[-1] for stop in decoding.stop}
        self.may_stop: dict[int, bool] = {}

    def add(self, branch: Branch, token: int, margin: float, contrast: float | None) -> bool:
        """Add a token to a branch; return whether the branch goes on."""
        branch.decoded += 1
        branch.token_ids.append(token)
        branch.token_margins.append(margin)
        if contrast is not None:
            branch.token_contrasts.append(contrast)
        ended = token in self.ends
        full = len(branch.token_ids) == self.decoding.max_new_tokens
        if not (ended or full or self._may_complete_a_stop(token)):
            return True
        text = self.tokenizer.decode(branch.token_ids[:-1] if ended else branch.token_ids)
        cut = min((at for stop in self.decoding.stop if (at := text.find(stop)) >= 0), default=-1)
        if not (ended or full or cut >= 0):
            return True
        branch.completion = text if cut < 0 else text[:cut]
        branch.stop_reason = "stop" if cut >= 0 else "end" if ended else "length"
        return False

    def _may_complete_a_stop(self, token: int) -> bool:
        """Whether a token's text has the last character of a stop string.

        Other tokens need no look at the whole text, which takes longer the longer a branch is. A character
        may be of several tokens, and some tokenizers drop a space in front: these are always looked at.
        """
        if token not in self.may_stop:
            text = self.tokenizer.decode([token])
            self.may_stop[token] = any(
                final in text or not final.isascii() or final == " " for final in self.finals
            )
        return self.may_stop[token]


@dataclass
class _Row:
    """A branch on its way, and the numbers that it is sampled by."""

    branch: Branch
    numbers: Sequence[float]

    @property
    def number(self) -> float:
        """What the next token is drawn by."""
        return self.numbers[len(self.branch.token_ids)]


class Batch:
    """The branches of one batch, decoded to their end.

    Args:
        model, tokenizer, prompts, decoding, groups: as in :func:`decode`.
        follow: asked at the end of each branch for a stem to go on with, if there is one.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        groups: Groups | None,
        follow: Callable[[Branch], Stem | None] = lambda branch: None,
    ) -> None:
        self.model, self.prompts, self.decoding, self.groups = model, prompts, decoding, groups
        self.follow = follow
        self.queue: deque[Stem] = deque()
        self.ending = Ending(tokenizer, end_ids(model.generation_config, tokenizer), decoding)
        self.ended: list[Branch] = []

    def run(self, stems: Sequence[Stem]) -> list[Branch]:
        """Branch after each stem, of which there is one for each prompt.

        Returns:
            all branches, in the order in which they ended.
        """
        import torch

        self.queue.extend(stems)
        longest = max((len(self._ids(stem)) for stem in stems), default=0) + self.decoding.max_new_tokens
        rows = rows_for(self.model, self.decoding.rows, longest)
        waiting: deque[tuple[_Row, Prefix]] = deque()  # read, without a row yet
        alive: list[_Row] = []
        with torch.inference_mode():
            while True:
                while rows.room and (waiting or self.queue):
                    if not waiting:
                        lengths = [len(self._ids(stem)) for stem in self.queue]
                        count = rows.together(lengths, len(self.queue[0].numbers))
                        waiting.extend(self._begin([self.queue.popleft() for _ in range(count)]))
                        continue
                    new = [waiting.popleft() for _ in range(min(rows.room, len(waiting)))]
                    rows.add([prefix for _, prefix in new])
                    alive += [row for row, _ in new]
                if not alive:
                    return self.ended
                last = [row.branch.token_ids[-1] for row in alive]
                logits = rows.step(torch.tensor(last, device=self.model.device))
                seen = look(logits, self.groups)
                tokens = self._drawn(logits, alive) if self.decoding.how == "sample" else seen.likeliest
                going = [at for at, row in enumerate(alive) if self._goes_on(row, tokens[at], seen, at)]
                if len(going) < len(alive):
                    alive = [alive[at] for at in rows.keep(going)]

    def _ids(self, stem: Stem) -> list[int]:
        """What is read to go on after a stem."""
        return self.prompts[stem.start.prompt].ids + stem.start.token_ids

    def _begin(self, stems: Sequence[Stem]) -> Iterator[tuple[_Row, Prefix]]:
        """Read stems and branch after each; give the branches that do not end at once."""
        logits, prefixes = read(self.model, [self._ids(stem) for stem in stems])
        seen = look(logits, self.groups)
        most = max(stem.numbers.stop for stem in stems)
        best = None if self.decoding.how == "sample" else logits.topk(most, dim=-1).indices.tolist()
        for at, (stem, prefix) in enumerate(zip(stems, prefixes, strict=True)):
            numbers = stem.numbers
            new = [self._row(stem.start, number) for number in numbers]
            drawn = None if best else self._drawn(logits[at].expand(len(new), -1), new)
            tokens = drawn or best[at][numbers.start : numbers.stop]
            for row, token in zip(new, tokens, strict=True):
                if self._goes_on(row, token, seen, at):
                    yield row, prefix

    def _row(self, start: Branch, number: int) -> _Row:
        """A branch of its own, with the tokens so far."""
        numbers: Sequence[float] = ()
        if self.decoding.how == "sample":
            item = self.prompts[start.prompt].item
            numbers = uniform(self.decoding.seed, item, number, self.decoding.max_new_tokens)
        return _Row(start.fork(number), numbers)

    def _drawn(self, logits: torch.Tensor, rows: Sequence[_Row]) -> list[int]:
        numbers = [row.number for row in rows]
        return sampled(logits, self.decoding.temperature, self.decoding.top_p, numbers).tolist()

    def _goes_on(self, row: _Row, token: int, seen: Look, at: int) -> bool:
        """Add a token to a row's branch; whether the branch goes on."""
        if self.ending.add(row.branch, token, seen.margins[at], seen.contrasts[at]):
            return True
        self.ended.append(row.branch)
        if stem := self.follow(row.branch):
            self.queue.append(stem)
        return False
