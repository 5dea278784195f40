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
    "decoding": Column(
        TEXT, "how branches are made: a block of the config, or greedy for the greedy path alone"
    ),
    "item_id": Column(TEXT, "item of the task"),
    "branch": Column(
        INTEGER,
        "branch; of top-k by the rank of the token at which branches part, so that 0 is the greedy path, of "
        "beam search by the rank of the beam, of tree search best first, by visits step by step",
    ),
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
        "token_contrasts": Column(
            REALS, "p(yes or true) - p(no or false) at each token; null for other questions", null=True
        ),
        "stop_reason": Column(TEXT, "end (end of text), stop (a stop string), or length"),
        "decoded_tokens": Column(
            INTEGER,
            "tokens that were decoded for it, with what it answered when asked: what branches share counts "
            "once, for the first of them; all that a beam or a tree search decoded counts for branch 0",
        ),
        "asked_completion": Column(
            TEXT, "how the branch went on when asked for its answer; null where it was not", null=True
        ),
        "asked_ids": Column(INTEGERS, "tokens of that", null=True),
        "asked_margins": Column(REALS, "margin at each of them", null=True),
        "asked_contrasts": Column(REALS, "contrast at each of them", null=True),
    },
    key=(*CELL, "decoding", "item_id", "branch"),
)
