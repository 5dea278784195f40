"""What is reported of adapters and of rounds of self-improvement."""

from lib.contracts.branches import CELL
from lib.table import INTEGER, REAL, TEXT, Column, Table

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
