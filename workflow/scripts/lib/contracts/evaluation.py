"""What the evaluation stage hands on, beside the branches."""

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
        "status": Column(TEXT, "answered, or why not: empty, length, question, no-answer"),
        "score": Column(REAL, "1 or 0 for exact verifiers, sentence chrF / 100 for chrf"),
        "correct": Column(
            FLAG, "whether the answer is right; null where right is a matter of degree", null=True
        ),
    },
    key=(*CELL, "item_id", "branch"),
)

INTERVAL = {
    "metric": Column(TEXT, "accuracy, chrf, answered, chain, ..."),
    "value": Column(REAL, "value; null where it is not defined", null=True),
    "ci_low": Column(REAL, "lower end of the 95 % interval", null=True),
    "ci_high": Column(REAL, "upper end of the 95 % interval", null=True),
    "interval_over": Column(TEXT, "what the interval is over: items, ..."),
    "n_items": Column(INTEGER, "items"),
}

SCORES = Table(
    "scores",
    {
        "model": CELL["model"],
        "task": CELL["task"],
        "arm": CELL["arm"],
        "method": Column(TEXT, "training method; null for base", null=True),
        "rank": Column(INTEGER, "rank; null for base", null=True),
        "seed": CELL["seed"],
        "split": CELL["split"],
        "decoder": Column(TEXT, "greedy, cot-max, cot-aggregate, vote, or oracle"),
        **INTERVAL,
    },
    key=("model", "task", "arm", "seed", "split", "decoder", "metric"),
)
