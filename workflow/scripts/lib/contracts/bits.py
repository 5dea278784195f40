"""What the pretraining stage reports, apart from what it trains: a column added here trains no model."""

from lib.contracts import pretraining
from lib.contracts.pretraining import CELL, DOCUMENT
from lib.table import FLAG, INTEGER, REAL, TEXT, Column, Table

MIXTURE = {
    "block": Column(TEXT, "block of the arm in the config; null for base", null=True),
    "share": Column(
        REAL, "share of code in the bytes that were drawn; null where the block has no code", null=True
    ),
    "fixed": Column(
        TEXT, "what the share left as it was: total or text; null where there is no code", null=True
    ),
}

TEXTS = Table(
    "texts of trainings",
    {**pretraining.TEXTS.columns, **MIXTURE},
    key=pretraining.TEXTS.key,
)

LANGUAGES = Table(
    "bits by language",
    {
        **CELL,
        "before": Column(TEXT, "arm that it started from; null for base", null=True),
        "against": Column(TEXT, "model that it is compared with; null where that is itself", null=True),
        **MIXTURE,
        "corpus": Column(TEXT, "corpus that was scored; of worked solutions their task"),
        "domain": DOCUMENT["domain"],
        "lang": Column(TEXT, "language that was scored; und_Zyyy for worked solutions"),
        "read": Column(FLAG, "whether the arm was trained on this text's train split; never for base"),
        "metric": Column(
            TEXT,
            "bits_per_byte; change: bits per byte minus those of the arm before; difference: minus those of "
            "the model against, by the same arm and seed; code_effect: minus those of the same block, model "
            "and seed without code; tokens_per_document; bytes_per_token",
        ),
        "value": Column(REAL, "value; null where no document came back from the tokenizer", null=True),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over documents", null=True),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over documents", null=True),
        "n_docs": Column(INTEGER, "documents that the tokenizer gives back, of a change or difference both"),
        "n_lost": Column(INTEGER, "documents left out because one does not"),
    },
    key=("model", "arm", "seed", "corpus", "lang", "metric"),
)
