"""What a round of self-improvement trains on."""

from lib.contracts.task import ITEMS
from lib.table import FLAG, INTEGER, REAL, Column, Table

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
