"""Items as lm-evaluation-harness judged them; apart, so that no column of its scores reruns a model."""

from lib.contracts.branches import CELL
from lib.table import INTEGER, REAL, TEXT, Column, Table

NAMES = {
    "suite": Column(TEXT, "task or group of lm-eval, or tok2cot- and a task of this project"),
    **{name: CELL[name] for name in ("model", "task", "arm", "seed")},
    "subtask": Column(TEXT, "task of lm-eval; of a group one of several"),
    "filter": Column(TEXT, "how lm-eval took the answer from what the model wrote"),
    "metric": Column(TEXT, "metric, by lm-eval's name"),
}

SAMPLES = Table(
    "harness samples",
    {
        **NAMES,
        "doc_id": Column(INTEGER, "item, by its place in the task"),
        "doc": Column(TEXT, "the item as the task has it, in JSON"),
        "prompt": Column(TEXT, "what the model read; of several choices what stands before the first"),
        "response": Column(TEXT, "what the filter left of each response of the model, in JSON"),
        "value": Column(REAL, "the metric of the item; null where it has none of its own", null=True),
        "reported": Column(
            REAL, "what lm-eval makes of all items of the subtask; null where that is no number", null=True
        ),
    },
    key=(*NAMES, "doc_id"),
)
