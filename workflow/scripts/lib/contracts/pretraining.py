"""What the pretraining stage hands on, beside the trained models."""

from lib.contracts.lora import STEPS as TRAINING_STEPS
from lib.table import FLAG, INTEGER, REAL, TEXT, Column, Table

STEPS = Table(
    "pretraining steps",
    {
        **TRAINING_STEPS.columns,
        "bytes": Column(INTEGER, "bytes of text read, in UTF-8: equal for all tokenizers"),
    },
    key=("step",),
)

_CELL = {
    "model": Column(TEXT, "model that was trained, with its tokenizer"),
    "arm": Column(TEXT, "arm; base for the model as it was"),
    "seed": Column(INTEGER, "seed; 0 for base"),
    "tokenizer": Column(TEXT, "name of the model's tokenizer, as in the tokenizer's tables"),
    "base": Column(TEXT, "model or shape that the tokenizer was put on; null where it is its own", null=True),
}

BITS = Table(
    "bits of documents",
    {
        **_CELL,
        "corpus": Column(TEXT, "corpus of the document"),
        "lang": Column(TEXT, "its language"),
        "doc_id": Column(TEXT, "the document"),
        "bits": Column(
            REAL,
            "minus log2 of the probability of its tokens; null where they do not spell the document",
            null=True,
        ),
        "tokens": Column(INTEGER, "its tokens"),
        "bytes": Column(INTEGER, "its bytes in UTF-8"),
    },
    key=("model", "arm", "seed", "corpus", "lang", "doc_id"),
)

LANGUAGES = Table(
    "bits by language",
    {
        **_CELL,
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
