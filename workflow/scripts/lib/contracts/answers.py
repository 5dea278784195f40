"""What is made of branches: answers, judged."""

from lib.contracts.branches import BRANCH, CELL
from lib.table import FLAG, INTEGER, REAL, TEXT, Column, Table

ANSWERS = Table(
    "answers",
    {
        **BRANCH,
        "extracted": Column(TEXT, "the answer as normalised; null when there is none", null=True),
        "span_start": Column(INTEGER, "first token of the answer", null=True),
        "span_end": Column(INTEGER, "token after the answer", null=True),
        "margin": Column(REAL, "mean margin over the answer's tokens", null=True),
        "chain": Column(FLAG, "whether text stands before the answer; null when there is none", null=True),
        "repeated": Column(
            FLAG, "whether a branch of the item that stands before it has the same text, white space apart"
        ),
        "status": Column(TEXT, "answered, or why not: empty, length, question, unaligned, no-answer"),
        "score": Column(REAL, "1 or 0 for exact verifiers, sentence chrF / 100 for chrf"),
        "outcome": Column(TEXT, "of code: passed, failed, timed-out or crashed; null for others", null=True),
        "correct": Column(
            FLAG, "whether the answer is right; null where right is a matter of degree", null=True
        ),
        "decoded_tokens": Column(
            INTEGER, "tokens that were decoded for the branch; null where choices were weighed", null=True
        ),
        "log_likelihood_per_byte": Column(
            REAL, "of a choice: nats over bytes, without white space around it; null for others", null=True
        ),
    },
    key=(*CELL, "decoding", "item_id", "branch"),
)
