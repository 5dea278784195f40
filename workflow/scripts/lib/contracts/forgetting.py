"""What is reported of how well models with adapters still read general text."""

from lib.contracts.held_out import BITS
from lib.table import INTEGER, REAL, TEXT, Column, Table

FORGETTING = Table(
    "forgetting",
    {
        **{name: BITS.columns[name] for name in ("model", "task", "arm")},
        "method": Column(TEXT, "training method; null for base", null=True),
        "rank": Column(INTEGER, "rank; null for base", null=True),
        **{name: BITS.columns[name] for name in ("seed", "corpus", "lang")},
        "metric": Column(
            TEXT, "bits_per_byte; change: bits per byte minus those of the base on the same documents"
        ),
        "value": Column(REAL, "value; null where no document came back from the tokenizer", null=True),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over documents", null=True),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over documents", null=True),
        "n_docs": Column(INTEGER, "documents that the tokenizer gives back"),
        "n_lost": Column(INTEGER, "documents left out because it does not"),
    },
    key=("model", "task", "arm", "seed", "corpus", "lang", "metric"),
)
