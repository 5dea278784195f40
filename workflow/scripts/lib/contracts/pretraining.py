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

TASK = "task"  # domain of the worked solutions of a task
UNDETERMINED = "und_Zyyy"  # ISO 639-3 and 15924 for what declares no language, like the items of a task

DOCUMENT = {
    "corpus": Column(TEXT, "corpus of the document; of a worked solution its task"),
    "domain": Column(
        TEXT, "what the corpus is about, like code; task for worked solutions, given the question"
    ),
    "lang": Column(TEXT, "its language; und_Zyyy for worked solutions"),
    "doc_id": Column(TEXT, "the document; of a worked solution its item"),
    "bits": Column(
        REAL,
        "minus log2 of the probability of its tokens; null where they do not spell the document",
        null=True,
    ),
    "tokens": Column(INTEGER, "its tokens"),
    "bytes": Column(INTEGER, "its bytes in UTF-8"),
}

TEXTS = Table(
    "texts of a training",
    {
        **CELL,
        "corpus": Column(TEXT, "corpus that was read"),
        "lang": Column(TEXT, "its language"),
        "segments": Column(INTEGER, "segments that were drawn"),
        "bytes": Column(INTEGER, "their bytes in UTF-8"),
        "tokens": Column(INTEGER, "their tokens, without ends of text"),
        "bytes_read": Column(INTEGER, "bytes read in all steps: a segment counts as often as it was read"),
        "tokens_read": Column(INTEGER, "tokens read in all steps, without ends of text"),
    },
    key=("model", "arm", "seed", "corpus", "lang"),
)

BITS = Table(
    "bits of documents",
    {**CELL, **DOCUMENT},
    key=("model", "arm", "seed", "corpus", "lang", "doc_id"),
)
