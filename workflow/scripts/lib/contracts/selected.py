"""What a round of self-improvement trains on."""

from lib.contracts.task import ITEMS
from lib.table import FLAG, INTEGER, REAL, TEXT, Column, Table

SELECTED = Table(
    "selected chains",
    {
        **ITEMS.columns,
        "round": Column(INTEGER, "round whose pool it is of"),
        "source": Column(TEXT, "item that the chain was written for; another one in shuffled pairs"),
        "branch": Column(
            INTEGER, "branch of that item; null where the target is that of the task", null=True
        ),
        "confidence": Column(
            REAL, "aggregated margin of the branch's answer; null where there is no branch", null=True
        ),
        "correct": Column(
            FLAG, "whether the answer is right, of the item that it was written for; read by gold alone"
        ),
    },
    key=("item_id",),
)
