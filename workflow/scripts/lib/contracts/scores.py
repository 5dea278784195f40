"""What is reported of adapters and of rounds of self-improvement."""

from lib.contracts.branches import CELL
from lib.table import FLAG, INTEGER, REAL, TEXT, Column, Table

INTERVAL = {
    "metric": Column(
        TEXT,
        "accuracy, chrf, answered, chain, auroc, auroc_within, pass_at_10, distinct_branches, "
        "distinct_answers, ...",
    ),
    "value": Column(REAL, "value; null where it is not defined", null=True),
    "ci_low": Column(REAL, "lower end of the 95 % interval", null=True),
    "ci_high": Column(REAL, "upper end of the 95 % interval", null=True),
    "interval_over": Column(
        TEXT,
        "what the interval is over: items; templates, each with all its items, in the split template; ...",
    ),
    "n_items": Column(INTEGER, "items"),
}

ARM = {
    "model": CELL["model"],
    "task": CELL["task"],
    "arm": CELL["arm"],
    "method": Column(TEXT, "training method; null for base", null=True),
    "rank": Column(INTEGER, "rank; null where there is none", null=True),
}

SCORES = Table(
    "scores",
    {
        **ARM,
        "seed": CELL["seed"],
        "split": CELL["split"],
        "decoder": Column(
            TEXT,
            "greedy; or a decoding and how one of its branches is selected (first, max, aggregate, vote or "
            "oracle), like cot-max; the decoding alone for all its branches; of choices greedy or per-byte",
        ),
        **INTERVAL,
    },
    key=("model", "task", "arm", "seed", "split", "decoder", "metric"),
)

OVER_SEEDS = {
    **INTERVAL,
    "interval_over": Column(
        TEXT,
        "what the interval is over: seeds and items, or items alone where there is one seed; templates "
        "instead of items in the split template",
    ),
    "n_seeds": Column(INTEGER, "seeds; a mean over them"),
}

SUMMARY = Table(
    "summary",
    {
        **ARM,
        "split": CELL["split"],
        "decoder": Column(TEXT, "greedy, cot-max, cot-aggregate, vote, or oracle"),
        **OVER_SEEDS,
    },
    key=("model", "task", "arm", "split", "decoder", "metric"),
)

COMPARISONS = Table(
    "comparisons",
    {
        **ARM,
        "reference": Column(TEXT, "arm that it is compared with, on the same items and the same seeds"),
        "split": CELL["split"],
        "decoder": Column(TEXT, "greedy, cot-max, cot-aggregate, vote, or oracle"),
        **OVER_SEEDS,
        "value": Column(REAL, "score of the arm less that of the reference, in the unit of the metric"),
        "test": Column(
            TEXT,
            "mcnemar (exact, over items) or randomization (over items, or templates), for one seed; "
            "bootstrap over seeds and these",
        ),
        "p_value": Column(REAL, "two-sided p value of the difference"),
        "p_holm": Column(
            REAL, "the same, corrected (Holm) for all arms with this model, task, split, decoder and metric"
        ),
        "detectable": Column(
            REAL,
            "smallest true difference that is found in 80 % of such experiments, at 5 % and uncorrected; "
            "null where no answer differs",
            null=True,
        ),
    },
    key=("model", "task", "arm", "reference", "split", "decoder", "metric"),
)

ROUNDS = Table(
    "rounds",
    {
        "model": Column(TEXT, "model"),
        "task": Column(TEXT, "task whose pools the loop reads"),
        "loop": Column(TEXT, "loop, a block of the config"),
        "filter": Column(TEXT, "how chains are selected"),
        "seed": Column(INTEGER, "seed"),
        "round": Column(INTEGER, "round; 0 is the start adapter"),
        "tested": Column(
            TEXT, "task that was answered, or corpus that was read; null for what was trained on", null=True
        ),
        "split": Column(TEXT, "split of the task that was answered; null for all else", null=True),
        "decoder": Column(
            TEXT,
            "greedy, cot-max, ..., as in scores; selection for what the round trained on; reading for "
            "held-out text",
        ),
        **INTERVAL,
        "metric": Column(
            TEXT,
            "as in scores; of the selection precision (share of answers that are right), examples and "
            "target_tokens (that the loss of the round was over); of reading bits_per_byte and "
            "bits_per_byte_change (from round 0)",
        ),
        "interval_over": Column(
            TEXT,
            "what the interval is over: items; templates in the split template; documents; none for a count",
        ),
        "n_items": Column(INTEGER, "items, or documents"),
    },
    key=("model", "task", "loop", "seed", "round", "tested", "split", "decoder", "metric"),
)

GATES = Table(
    "gates",
    {
        "model": CELL["model"],
        "task": CELL["task"],
        "arm": Column(TEXT, "arm that loops start from"),
        "seed": CELL["seed"],
        "split": Column(TEXT, "pool that was decoded"),
        "decoding": Column(TEXT, "how, a block of the config"),
        "greedy": Column(REAL, "accuracy of the greedy path"),
        "oracle": Column(REAL, "share of items with a right branch that is well-formed"),
        "value": Column(REAL, "oracle less greedy"),
        "ci_low": INTERVAL["ci_low"],
        "ci_high": INTERVAL["ci_high"],
        "n_items": INTERVAL["n_items"],
        "passed": Column(FLAG, "whether the interval of the difference, which is over items, is above zero"),
    },
    key=("model", "task", "arm", "seed", "split", "decoding"),
)
