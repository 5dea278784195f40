"""Answers of decoded branches: where they stand, in which tokens, and how sure the model was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lib.decoding.verifiers import VERIFIERS, Span


def token_span(decode: Callable[[list[int]], str], token_ids: Sequence[int], span: Span) -> tuple[int, int]:
    """The tokens that an answer is made of, found by decoding ever longer prefixes.

    The text is not tokenized again: a tokenizer need not cut it as the model wrote it. A prefix that
    ends inside a character decodes to replacement characters, so it marks no boundary.

    Args:
        decode: token ids to text.
        token_ids: the branch as generated.
        span: the answer, in characters of the decoded branch.

    Returns:
        first token and the one after the last; a token that holds only part of the answer counts.
    """
    prefixes = [decode(list(token_ids[:count])) for count in range(len(token_ids) + 1)]
    ends = [(count, len(text)) for count, text in enumerate(prefixes) if prefixes[-1].startswith(text)]
    first = max(count for count, end in ends if end <= span.start)
    last = next(count for count, end in ends if end >= span.end)
    return first, last


def status(completion: str, stop_reason: str, found: Span | None) -> str:
    """Whether a branch is well-formed, by the filter of Wang & Zhou (2024), appendix.

    Paths that are empty, as long as allowed, or end in a question are ill-formed. A stop string ends a
    path as well as the end-of-text token does: base models rarely write the latter.
    """
    if not completion.strip():
        return "empty"
    if stop_reason == "length":
        return "length"
    if completion.rstrip().endswith("?"):
        return "question"
    return "answered" if found else "no-answer"


def answer(branch: Any, item: Any, decode: Callable[[list[int]], str]) -> dict[str, Any]:
    """The answer of one branch, judged.

    Args:
        branch: completion, token_ids, token_margins and stop_reason as attributes.
        item: its item, with the fields of contract task.ITEMS as attributes; the verifier is a name in
            :data:`lib.decoding.verifiers.VERIFIERS`.
        decode: token ids to text, with the tokenizer that the branch was decoded with.

    Returns:
        extracted, span_start, span_end, margin, chain, status, score, outcome, correct. The margin is the
        mean over the answer's tokens of p(top 1) - p(top 2) (Wang & Zhou 2024, eq. 1).
    """
    judge = VERIFIERS[item.verifier]
    span = judge.find(branch.completion)
    row: dict[str, Any] = {
        "extracted": None,
        "span_start": None,
        "span_end": None,
        "margin": None,
        "chain": None,
        "status": status(branch.completion, branch.stop_reason, span),
        "score": 0.0,
        "outcome": None,
        "correct": False if judge.exact else None,
    }
    if span is None:
        return row
    start, end = token_span(decode, branch.token_ids, span)
    extracted = judge.normalise(branch.completion[span.start : span.end])
    verdict = judge.judge(extracted, item)
    margins = branch.token_margins[start:end]
    return {
        **row,
        "extracted": extracted,
        "span_start": start,
        "span_end": end,
        "margin": float(sum(margins)) / len(margins),
        "chain": bool(branch.completion[: span.start].strip()),
        "score": verdict.score,
        "outcome": verdict.outcome,
        "correct": verdict.score == 1.0 if judge.exact else None,
    }
