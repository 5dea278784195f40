"""What is reported of adapters and of rounds of self-improvement."""

from lib.contracts.branches import CELL
from lib.table import INTEGER, REAL, TEXT, Column, Table

INTERVAL = {
    "metric": Column(TEXT, "accuracy, chrf, answered, chain, tokens, ..."),
    "value": Column(REAL, "value; null where it is not defined", null=True),
    "ci_low": Column(REAL, "lower end of the 95 % interval", null=True),
    "ci_high": Column(REAL, "upper end of the 95 % interval", null=True),
    "interval_over": Column(TEXT, "what the interval is over: items, ..."),
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
            "oracle), like cot-max; of choices greedy or per-byte",
        ),
        **INTERVAL,
    },
    key=("model", "task", "arm", "seed", "split", "decoder", "metric"),
)

OVER_SEEDS = {
    **INTERVAL,
    "interval_over": Column(
        TEXT, "what the interval is over: seeds and items, or items alone where there is one seed"
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
            TEXT, "mcnemar (exact) or randomization over items, for one seed; bootstrap over seeds and items"
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
        "task": Column(TEXT, "task"),
        "loop": Column(TEXT, "loop, a block of the config"),
        "filter": Column(TEXT, "how chains are selected"),
        "seed": Column(INTEGER, "seed"),
        "round": Column(INTEGER, "round; 0 is the start adapter"),
        "decoder": Column(TEXT, "greedy, cot-max, ...; selection for what the round trained on"),
        **INTERVAL,
    },
    key=("model", "task", "loop", "seed", "round", "decoder", "metric"),
)
