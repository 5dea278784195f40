"""Questions that are drawn at random, until a split has enough of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from lib.seeds import share
from lib.tasks.item import Item, item_id, split_of

DRAWS = 200_000  # where a task has few questions, a split is at an end after so many


class Asked(Protocol):
    """Anything that is drawn: it has a question."""

    @property
    def question(self) -> str:
        """What is asked."""


Drawn = TypeVar("Drawn", bound=Asked)


class Problem(NamedTuple):
    """A question with its answer.

    Attributes:
        question: what is asked, without what a prompt puts around it.
        answer: the gold answer.
        working: the steps to it, sentences in one line.
        template: what the question was made from.
    """

    question: str
    answer: str
    working: str
    template: str


def in_split(stream: Iterable[Drawn], split: str) -> Iterator[Drawn]:
    """What of the first draws falls into the split, with repeats."""
    return (drawn for drawn in islice(stream, DRAWS) if split_of(drawn.question) == split)


def answered(problem: Problem, verifier: str, worked_share: float) -> Item:
    """A problem as an item whose target is the answer alone or comes after the steps.

    Args:
        problem: the problem.
        verifier: how answers are judged.
        worked_share: share of the questions whose target shows the steps; which ones, no seed changes.
    """
    worked = share(problem.question, "style") < worked_share
    return Item(
        item_id(problem.question),
        prompt=f"Q: {problem.question}\nA:",
        target=f" {problem.working} The answer is {problem.answer}" if worked else f" {problem.answer}",
        answer=problem.answer,
        verifier=verifier,
        template=problem.template,
        style="worked" if worked else "direct",
    )


def items(stream: Iterable[Problem], task: dict[str, Any], split: str, verifier: str) -> Iterator[Item]:
    """The problems of one split as items, with repeats.

    Args:
        stream: problems of all splits.
        task: ``worked_share`` (of the targets).
        split: which questions to keep.
        verifier: how answers are judged.
    """
    for problem in in_split(stream, split):
        yield answered(problem, verifier, task["worked_share"])
