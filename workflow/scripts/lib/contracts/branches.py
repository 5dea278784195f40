"""What the models of the evaluation stage write; apart, so that no column of answers or scores reruns one."""

from lib.table import INTEGER, INTEGERS, REALS, TEXT, Column, Table

CELL = {
    "model": Column(TEXT, "model"),
    "task": Column(TEXT, "task"),
    "arm": Column(TEXT, "arm of the adapter; base for none"),
    "seed": Column(INTEGER, "seed of the adapter; 0 for base, which draws nothing"),
    "split": Column(TEXT, "split of the task"),
}

BRANCH = {
    **CELL,
    "item_id": Column(TEXT, "item of the task"),
    "branch": Column(INTEGER, "branch by the rank of its first token; 0 is the greedy path"),
}

BRANCHES = Table(
    "branches",
    {
        **BRANCH,
        "completion": Column(TEXT, "what the model wrote, cut before the stop string"),
        "token_ids": Column(INTEGERS, "tokens as generated, end of text included"),
        "token_margins": Column(
            REALS, "p(top 1) - p(top 2) at each token; the branch token has its step's margin"
        ),
        "stop_reason": Column(TEXT, "end (end of text), stop (a stop string), or length"),
    },
    key=(*CELL, "item_id", "branch"),
)
