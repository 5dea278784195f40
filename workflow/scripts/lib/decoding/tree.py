"""Monte Carlo tree search over the steps of a completion, with the margin as value.

After AlphaLLM (Tian et al. 2024, arXiv:2404.12253), which searches over steps rather than tokens; the
confidence of CoT-decoding takes the place of its trained critics. A step is the text up to a separator. The
search goes through the tree by UCT (Kocsis & Szepesvári 2006) to a place that was not expanded yet, begins
the next step there with each of the likeliest tokens, and goes on greedily from each to the end. The rest of
such a rollout is the likeliest child of each place that it comes through, and is not decoded again: all its
steps join the tree at once. So no rollout is made twice, what leads to a place is read once for all that
begins there, and nothing is drawn: the search is the same whatever else is decoded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from lib.decoding.answers import token_ends
from lib.decoding.branching import Batch, Branch, Decoding, Prompt, Stem
from lib.decoding.choosing import Groups

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Value = Callable[[Branch], float]


def search(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    groups: Groups | None,
    value: Value,
) -> list[Branch]:
    """Search the tree of each prompt of one batch.

    A tree's next rollouts begin when its last ones ended, in the rows that these leave.

    Args:
        model, tokenizer, prompts, decoding, groups: as in :func:`lib.decoding.branching.decode`.
        value: of a rollout, like :func:`lib.decoding.answers.confidence`.

    Returns:
        the rollouts by prompt, best first (:meth:`Tree.rollouts`): as many as are asked for, or all that
        there are. The first counts as decoded all tokens of the search.
    """
    trees = [Tree(index, decoding, tokenizer.decode, value) for index in range(len(prompts))]

    def follow(rollout: Branch) -> Stem | None:
        tree = trees[rollout.prompt]
        return tree.next() if tree.add(rollout) else None

    Batch(model, tokenizer, prompts, decoding, groups, follow).run([tree.next() for tree in trees])
    found = []
    for tree in trees:
        rollouts = list(tree.rollouts())
        decoded = sum(rollout.decoded for rollout in rollouts)
        found += [
            replace(rollout, branch=place, decoded=0 if place else decoded)
            for place, rollout in enumerate(rollouts)
        ]
    return found


@dataclass(eq=False)
class Node:
    """A place between two steps, or the end of a rollout.

    Attributes:
        rollout: that came here first.
        length: of its tokens, those before this place.
        children: by the rank of the token that begins the next step; none at the end of a rollout.
        visits: rollouts that came through here.
        total: the sum of their values.
        closed: whether nothing is left to try from here on.
    """

    rollout: Branch | None = None
    length: int = 0
    children: dict[int, Node] = field(default_factory=dict)
    visits: int = 0
    total: float = 0.0
    closed: bool = False

    @property
    def value(self) -> float:
        """The mean value of the rollouts that came through here."""
        return self.total / self.visits


class Tree:
    """The tree of one prompt.

    Args:
        prompt: its index.
        decoding: how; at each place ``width`` tokens are tried, a step ends with one of ``separators``, and
            ``exploration`` is UCT's constant, which is √2 in UCB1 (Auer et al. 2002).
        decode: token ids to text.
        value: of a rollout.
    """

    def __init__(
        self, prompt: int, decoding: Decoding, decode: Callable[[list[int]], str], value: Value
    ) -> None:
        self.prompt, self.decoding, self.decode, self.value = prompt, decoding, decode, value
        self.root = Node()
        self.path = [self.root]  # to the place that is expanded
        self.begun = range(0)  # ranks of the tokens that begin steps there
        self.ended: list[Branch] = []  # of these rollouts

    def next(self) -> Stem | None:
        """What is expanded next: the rollouts up to there, and the ranks of the tokens that follow.

        UCT takes the child of the largest mean value + exploration √(ln visits here / visits there); where
        two are equal, the likelier one. None where enough rollouts were made, or all that there are.
        """
        left = self.decoding.branches - self.root.visits
        if left == 0 or self.root.closed:
            return None
        node = self.root
        self.path = [node]
        while len(node.children) == self.decoding.width:
            going = [child for child in node.children.values() if not child.closed]
            node = max(going, key=partial(self._bound, node))
            self.path.append(node)
        first = len(node.children)  # the likeliest, but for the root
        self.begun = range(first, min(self.decoding.width, first + left))
        before = node.rollout or Branch(self.prompt, 0)
        return Stem(before.fork(0, node.length), self.begun)

    def _bound(self, node: Node, child: Node) -> float:
        return child.value + self.decoding.exploration * math.sqrt(math.log(node.visits) / child.visits)

    def add(self, rollout: Branch) -> bool:
        """Take a rollout that has ended; return whether all that the last :meth:`next` began have.

        Only then they join the tree, in the order of their ranks, whichever ended first.
        """
        self.ended.append(rollout)
        if len(self.ended) < len(self.begun):
            return False
        for one in sorted(self.ended, key=lambda one: one.branch):
            self._join(one)
        self.ended = []
        return True

    def _join(self, rollout: Branch) -> None:
        """Add the steps of a rollout to the tree, and its value to the places that it came through."""
        path, rank, value = list(self.path), rollout.branch, self.value(rollout)
        for length in self._steps(rollout):
            node = Node(rollout, length)
            path[-1].children[rank] = node
            path.append(node)
            rank = 0  # from here on it is greedy
        path[-1].closed = True
        for node in reversed(path):
            node.visits += 1
            node.total += value
            full = len(node.children) == self.decoding.width
            node.closed |= full and all(child.closed for child in node.children.values())

    def _steps(self, rollout: Branch) -> list[int]:
        """Counts of a rollout's tokens up to the end of each of its new steps; the last are all.

        A step ends with the last token that does not go beyond its separator: of ``. `` and a word, the space
        is mostly part of the word's token.
        """
        first = self.path[-1].length + 1  # a step has a token
        ends = token_ends(self.decode, rollout.token_ids)
        text = self.decode(rollout.token_ids)
        cuts = {
            max(count for count, end in ends if end <= at)
            for separator in self.decoding.separators
            for at in _ends_of(separator, text)
        }
        whole = len(rollout.token_ids)
        return [*sorted(cut for cut in cuts if first <= cut < whole), whole]

    def rollouts(self) -> Iterator[Branch]:
        """The rollouts, best first: at each place those go first whose step has more visits.

        Of as many visits, the higher mean value goes first, then the likelier token.
        """
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if node.children:  # by rank, an order that sorting keeps where two are equal
                ranked = sorted(node.children.values(), key=lambda child: (-child.visits, -child.value))
                waiting += reversed(ranked)
            elif node.rollout:
                yield node.rollout


def _ends_of(part: str, text: str) -> Iterator[int]:
    """Where each occurrence of a part ends in a text."""
    at = text.find(part)
    while at >= 0:
        yield at + len(part)
        at = text.find(part, at + len(part))
