"""What the evaluation stage hands on."""

from lib.table import FLAG, INTEGER, INTEGERS, REAL, REALS, TEXT, Column, Table

CELL = {
    "model": Column(TEXT, "model"),
    "task": Column(TEXT, "task"),
    "arm": Column(TEXT, "arm of the adapter; base for none"),
    "seed": Column(INTEGER, "seed of the adapter; 0 for base, which draws nothing"),
    "split": Column(TEXT, "split of the task"),
}

_BRANCH = {
    **CELL,
    "item_id": Column(TEXT, "item of the task"),
    "branch": Column(INTEGER, "branch by the rank of its first token; 0 is the greedy path"),
}

BRANCHES = Table(
    "branches",
    {
        **_BRANCH,
        "completion": Column(TEXT, "what the model wrote, cut before the stop string"),
        "token_ids": Column(INTEGERS, "tokens as generated, end of text included"),
        "token_margins": Column(
            REALS, "p(top 1) - p(top 2) at each token; the branch token has its step's margin"
        ),
        "stop_reason": Column(TEXT, "end (end of text), stop (a stop string), or length"),
    },
    key=(*CELL, "item_id", "branch"),
)

ANSWERS = Table(
    "answers",
    {
        **_BRANCH,
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
    "metric": Column(TEXT, "accuracy, chrf, answered, chain_in_greedy, ..."),
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
