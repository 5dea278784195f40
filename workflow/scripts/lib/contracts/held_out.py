"""What models with adapters make of held-out text; apart, so that no column of a report reruns one."""

from lib.contracts.branches import CELL
from lib.contracts.pretraining import DOCUMENT
from lib.table import TEXT, Column, Table

BITS = Table(
    "bits of held-out documents",
    {
        "model": CELL["model"],
        "task": Column(TEXT, "task that the adapter was trained on; null for base", null=True),
        "arm": CELL["arm"],
        "seed": CELL["seed"],
        **DOCUMENT,
    },
    key=("model", "task", "arm", "seed", "corpus", "lang", "doc_id"),
)
