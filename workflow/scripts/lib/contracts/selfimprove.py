"""What the self-improvement stage hands on; branches and answers are those of evaluation."""

from lib.contracts.evaluation import INTERVAL
from lib.contracts.task import ITEMS
from lib.table import FLAG, INTEGER, REAL, TEXT, Column, Table

SELECTED = Table(
    "selected chains",
    {
        **ITEMS.columns,
        "round": Column(INTEGER, "round whose model wrote the chain"),
        "confidence": Column(REAL, "aggregated margin of the answer, by which chains are ranked"),
        "correct": Column(FLAG, "whether the answer is right; reported, never used"),
    },
    key=("item_id",),
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
