"""Questions and templates that splits share, which none should."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pandas as pd

from lib.tasks.item import TEMPLATE


def leaks(splits: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, str, str]]:
    """What two splits of a task share.

    It reads the splits alone, and knows nothing of how they were made.

    Args:
        splits: items by the name of the split (contract task.ITEMS).

    Yields:
        the names of two splits, and what they share in words.
    """
    for (one, first), (other, second) in itertools.combinations(splits.items(), 2):
        questions = first[first["item_id"].isin(second["item_id"])]
        if len(questions):
            yield one, other, f"{len(questions)} questions, like {questions['prompt'].iloc[0][:80]!r}"
        templates = sorted(set(first["template"]) & set(second["template"]))
        if templates and TEMPLATE in (one, other):
            yield one, other, f"{len(templates)} templates, like {templates[0]!r}"
