"""What the task stage hands on."""

from lib.table import INTEGER, TEXT, TEXTS, Column, Table

ITEMS = Table(
    "task items",
    {
        "item_id": Column(TEXT, "hash of the normalised question; no two splits share one"),
        "prompt": Column(TEXT, "what the model reads; empty for text, which is read from its beginning"),
        "target": Column(TEXT, "what it is trained to write, without the end-of-text token"),
        "answer": Column(
            TEXT,
            "the gold answer that the verifier compares with; null for text, which asks nothing",
            null=True,
        ),
        "verifier": Column(
            TEXT,
            "how an answer is judged: a name in lib/decoding/verifiers.py; null for text",
            null=True,
        ),
        "template": Column(TEXT, "what the question was made from: a template or a source document"),
        "style": Column(TEXT, "form of the target: direct, worked, or plain"),
        "choices": Column(
            TEXTS, "what the model chooses from, each as it would write it; null where it writes", null=True
        ),
        "preamble": Column(TEXT, "code that runs before an answer that is code; null for others", null=True),
        "tests": Column(TEXT, "code that runs after it, and raises where it is wrong", null=True),
    },
    key=("item_id",),
)

SPLITS = Table(
    "splits of tasks, which share no question",
    {
        "task": Column(TEXT, "task"),
        "split": Column(TEXT, "split: train, dev, test, template or pool-N"),
        "n_items": Column(INTEGER, "items, all with different questions"),
        "n_templates": Column(INTEGER, "different values of the column template"),
        "n_worked": Column(INTEGER, "items whose target shows the steps"),
    },
    key=("task", "split"),
)
