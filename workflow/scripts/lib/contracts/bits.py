"""What the pretraining stage reports, apart from what it trains: a column added here trains no model."""

from lib.contracts.pretraining import CELL
from lib.table import FLAG, INTEGER, REAL, TEXT, Column, Table

LANGUAGES = Table(
    "bits by language",
    {
        **CELL,
        "before": Column(TEXT, "arm that it started from; null for base", null=True),
        "against": Column(TEXT, "model that it is compared with; null where that is itself", null=True),
        "corpus": Column(TEXT, "corpus that was scored"),
        "lang": Column(TEXT, "language that was scored"),
        "read": Column(FLAG, "whether the arm was trained on this text's train split; never for base"),
        "metric": Column(
            TEXT,
            "bits_per_byte; change: bits per byte minus those of the arm before; difference: minus those of "
            "the model against, by the same arm and seed; tokens_per_document; bytes_per_token",
        ),
        "value": Column(REAL, "value; null where no document came back from the tokenizer", null=True),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over documents", null=True),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over documents", null=True),
        "n_docs": Column(INTEGER, "documents that the tokenizer gives back, of a change or difference both"),
        "n_lost": Column(INTEGER, "documents left out because one does not"),
    },
    key=("model", "arm", "seed", "corpus", "lang", "metric"),
)
