"""What the pretraining stage hands on, beside the trained models."""

from lib.contracts.lora import STEPS as TRAINING_STEPS
from lib.table import INTEGER, REAL, TEXT, Column, Table

STEPS = Table(
    "pretraining steps",
    {
        **TRAINING_STEPS.columns,
        "bytes": Column(INTEGER, "bytes of text read, in UTF-8: equal for all tokenizers"),
    },
    key=("step",),
)

CELL = {
    "model": Column(TEXT, "model that was trained, with its tokenizer"),
    "arm": Column(TEXT, "arm; base for the model as it was"),
    "seed": Column(INTEGER, "seed; 0 for base"),
    "tokenizer": Column(TEXT, "name of the model's tokenizer, as in the tokenizer's tables"),
    "base": Column(TEXT, "model or shape that the tokenizer was put on; null where it is its own", null=True),
}

DOCUMENT = {
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
}

BITS = Table(
    "bits of documents",
    {**CELL, **DOCUMENT},
    key=("model", "arm", "seed", "corpus", "lang", "doc_id"),
)
