"""Answers of decoded branches: where they stand, in which tokens, and how sure the model was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from lib.decoding.verifiers import VERIFIERS, Span, Verifier
from lib.decoding.words import WORDS


def token_ends(decode: Callable[[list[int]], str], token_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Where tokens end in the text of all, found by decoding ever longer prefixes.

    The text is not tokenized again: a tokenizer need not cut it as the model wrote it. A prefix that
    ends inside a character decodes to replacement characters, so it marks no boundary.

    Returns:
        counts of tokens, and of the characters that these are, in ascending order.
    """
    prefixes = [decode(list(token_ids[:count])) for count in range(len(token_ids) + 1)]
    return [(count, len(text)) for count, text in enumerate(prefixes) if prefixes[-1].startswith(text)]


def token_span(decode: Callable[[list[int]], str], token_ids: Sequence[int], span: Span) -> tuple[int, int]:
    """The tokens that an answer is made of.

    Args:
        decode: token ids to text.
        token_ids: the branch as generated.
        span: the answer, in characters of the decoded branch.

    Returns:
        first token and the one after the last; a token that holds only part of the answer counts.
    """
    ends = token_ends(decode, token_ids)
    first = max(count for count, end in ends if end <= span.start)
    last = next(count for count, end in ends if end >= span.end)
    return first, last


def status(completion: str, stop_reason: str, found: bool, filter: Collection[str]) -> str:
    """Whether a branch is well-formed, by the filter of Wang & Zhou (2024), appendix.

    Paths that are empty, as long as allowed, or end in a question are ill-formed. A stop string ends a
    path as well as the end-of-text token does: base models rarely write the latter.

    Args:
        completion: text of the branch.
        stop_reason: why it ended.
        found: whether it has an answer.
        filter: what counts as ill-formed, of ``empty``, ``length`` and ``question``.
    """
    ill_formed = {
        "empty": not completion.strip(),
        "length": stop_reason == "length",
        "question": completion.rstrip().endswith("?"),
    }
    for name, is_so in ill_formed.items():
        if is_so and name in filter:
            return name
    return "answered" if found else "no-answer"


class Place(NamedTuple):
    """Where an answer was found.

    Attributes:
        text, token_ids, token_margins, token_contrasts: what it is in: the branch, or what the model wrote
            when it was asked.
        span: its characters.
        aligned: whether it is in the branch.
    """

    text: str
    token_ids: Sequence[int]
    token_margins: Sequence[float]
    token_contrasts: Sequence[float] | None
    span: Span
    aligned: bool = True


def _place(branch: Any, span: Span) -> Place:
    return Place(branch.completion, branch.token_ids, branch.token_margins, branch.token_contrasts, span)


def last(branch: Any, judge: Verifier) -> Place | None:
    """The last answer that a branch holds."""
    span = judge.find(branch.completion)
    return span and _place(branch, span)


def find(branch: Any, judge: Verifier) -> Place | None:
    """The answer of a branch: the last one in it or, where it was asked, the one that it then named.

    The latter is looked for in the branch, from its end on (Wang & Zhou 2024, section 2.3): answers are
    the same when their normalised forms are.
    """
    if not isinstance(branch.asked_completion, str):  # a missing text comes from a table as not a number
        return last(branch, judge)
    said = judge.find(branch.asked_completion)
    if said is None:
        return None
    named = judge.normalise(branch.asked_completion[said.start : said.end])
    rest = branch.completion
    while span := judge.find(rest):
        if judge.normalise(rest[span.start : span.end]) == named:
            return _place(branch, span)
        rest = rest[: span.start]
    asked = (branch.asked_completion, branch.asked_ids, branch.asked_margins, branch.asked_contrasts)
    return Place(*asked, said, aligned=False)


class Answer(NamedTuple):
    """An answer as it is compared, its first token and the one after its last, and its margin."""

    extracted: str
    start: int
    end: int
    margin: float


def read(place: Place, verifier: str, decode: Callable[[list[int]], str]) -> Answer:
    """The answer at a place.

    The margin is the mean over the answer's tokens of p(top 1) - p(top 2) (Wang & Zhou 2024, eq. 1); of a
    question whose two answers' masses are compared, of p(this answer) - p(the other), where the vocabulary
    has a token for each (:func:`lib.decoding.contrasts.groups`).
    """
    start, end = token_span(decode, place.token_ids, place.span)
    extracted = VERIFIERS[verifier].normalise(place.text[place.span.start : place.span.end])
    margins = place.token_margins[start:end]
    contrasts = place.token_contrasts
    if verifier in WORDS and contrasts is not None and len(contrasts):
        sign = 1 if extracted == WORDS[verifier][0][0] else -1
        margins = [sign * contrast for contrast in contrasts[start:end]]
    return Answer(extracted, start, end, float(sum(margins)) / len(margins))


def answer(
    branch: Any, item: Any, decode: Callable[[list[int]], str], filter: Collection[str]
) -> dict[str, Any]:
    """The answer of one branch, judged.

    Args:
        branch: its columns of contract branches.BRANCHES as attributes.
        item: its item, with the fields of contract task.ITEMS as attributes; the verifier is a name in
            :data:`lib.decoding.verifiers.VERIFIERS`.
        decode: token ids to text, with the tokenizer that the branch was decoded with.
        filter: see :func:`status`.

    Returns:
        extracted, span_start, span_end, margin (see :func:`read`), chain, status, score, outcome, correct. A
        number that the model names when asked, and that its branch does not have, is ``unaligned``, which is
        not well-formed.
    """
    judge = VERIFIERS[item.verifier]
    place = find(branch, judge)
    row: dict[str, Any] = {
        "extracted": None,
        "span_start": None,
        "span_end": None,
        "margin": None,
        "chain": None,
        "status": status(branch.completion, branch.stop_reason, place is not None, filter),
        "score": 0.0,
        "outcome": None,
        "correct": False if judge.exact else None,
    }
    if place is None:
        return row
    extracted, start, end, margin = read(place, item.verifier, decode)
    verdict = judge.judge(extracted, item)
    if item.verifier == "number" and not place.aligned and row["status"] == "answered":
        row["status"] = "unaligned"
    before = branch.completion[: place.span.start] if place.aligned else branch.completion
    return {
        **row,
        "extracted": extracted,
        "span_start": start if place.aligned else None,
        "span_end": end if place.aligned else None,
        "margin": margin,
        "chain": bool(before.strip()),
        "score": verdict.score,
        "outcome": verdict.outcome,
        "correct": verdict.score == 1.0 if judge.exact else None,
    }


def confidence(
    branch: Any, verifier: str, decode: Callable[[list[int]], str], filter: Collection[str]
) -> float:
    """The margin of the last answer that a branch holds; 0 where it has none, or is ill-formed.

    Args:
        branch: as decoded.
        verifier: that finds the answer, a name in :data:`lib.decoding.verifiers.VERIFIERS`.
        decode: token ids to text.
        filter: see :func:`status`.
    """
    place = last(branch, VERIFIERS[verifier])
    if place is None or status(branch.completion, branch.stop_reason, True, filter) != "answered":
        return 0.0
    return read(place, verifier, decode).margin
