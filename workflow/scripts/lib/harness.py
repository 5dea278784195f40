"""Between this project and lm-evaluation-harness: our tasks as it reads them, and its judgement as rows.

The harness decodes, extracts and compares by itself. The model and the items of a task are all that it is
given, so that it can judge what our own code judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lib.cli import UserError

if TYPE_CHECKING:
    import pandas as pd

# A number, without zeros at the end of its decimals; they are read on, lest they be found as a number.
NUMBER = r"(-?\$?\d+(?:,\d{3})*(?!\d)(?:\.\d*[1-9])?)(?:\.?0+(?!\d))?"
WITHOUT_MARGINS = r"(?s)^\s*(.*?)\s*$"

# Of each verifier how the harness finds the answer, and which answer it takes, and how it compares.
WRITTEN = {
    "number": (NUMBER, -1, {"metric": "exact_match", "regexes_to_ignore": [",", r"\$"]}),
    "word": (r"([^\W\d_]+)", -1, {"metric": "exact_match", "ignore_case": True}),
    "exact": (WITHOUT_MARGINS, 0, {"metric": "exact_match", "ignore_case": True}),
    "chrf": (WITHOUT_MARGINS, 0, {"metric": "chrf"}),
}


def own_task(name: str, items: pd.DataFrame, generation: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a task of lm-eval that has these items.

    Args:
        name: of the task.
        items: contract task.ITEMS, all with one verifier.
        generation: ``max_new_tokens`` and ``stop``; unused where items have choices.

    Raises:
        UserError: the answers are programs, which the harness would run without any limits, or one of two
            options, which it has no way to judge.
    """
    import datasets

    verifier = items["verifier"].iloc[0]
    docs = items[["item_id", "prompt"]]
    if verifier == "choice":
        first = items["choices"].iloc[0][0]
        before = first[: len(first) - len(first.lstrip())]  # of all choices, which have one form
        pairs = zip(items["choices"], items["target"], strict=True)
        docs = docs.assign(
            choices=[[text.removeprefix(before) for text in texts] for texts in items["choices"]],
            target=[list(texts).index(target) for texts, target in pairs],
        )
        how = {
            "output_type": "multiple_choice",
            "doc_to_choice": "choices",
            "target_delimiter": before,
            "metric_list": [{"metric": "acc"}, {"metric": "acc_bytes"}],
        }
    elif verifier in WRITTEN:
        pattern, which, metric = WRITTEN[verifier]
        gold = items["answer"]
        docs = docs.assign(target=gold.str.extract(f"^{NUMBER}$")[0] if verifier == "number" else gold)
        found = {"function": "regex", "regex_pattern": pattern, "group_select": which}
        how = {
            "output_type": "generate_until",
            "generation_kwargs": {
                "until": generation["stop"],
                "max_gen_toks": generation["max_new_tokens"],
                "do_sample": False,
                "temperature": 0.0,
            },
            "filter_list": [{"name": verifier, "filter": [found, {"function": "take_first"}]}],
            "metric_list": [metric],
        }
    else:
        problem = "would run programs without limits" if verifier == "code" else f"cannot judge {verifier!r}"
        raise UserError(f"{name}: lm-eval {problem}; name another task")
    data = datasets.DatasetDict(test=datasets.Dataset.from_pandas(docs, preserve_index=False))
    return {
        "task": name,
        "custom_dataset": lambda **_: data,
        "test_split": "test",
        "doc_to_text": "prompt",
        "doc_to_target": "target",
        "num_fewshot": 0,
        **how,
    }


def rows(results: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What ``lm_eval.simple_evaluate`` returns as rows: item by item, filter by filter, metric by metric.

    Yields:
        the columns of contract samples.SAMPLES, without those that name the cell and the suite.
    """
    for subtask, samples in results["samples"].items():
        for sample in samples:
            for metric in sample["metrics"]:
                reported = results["results"][subtask].get(f"{metric},{sample['filter']}")
                yield {
                    "subtask": subtask,
                    "filter": sample["filter"],
                    "metric": metric,
                    "doc_id": sample["doc_id"],
                    "doc": json.dumps(sample["doc"], ensure_ascii=False, default=str),
                    "prompt": str(sample["arguments"][0][0]),
                    "response": json.dumps(sample["filtered_resps"], ensure_ascii=False, default=str),
                    "value": _number(sample[metric]),
                    "reported": _number(reported),
                }


def _number(value: Any) -> float | None:
    """A number as such; what is none, like the pair of texts behind a corpus' chrF, is missing."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
