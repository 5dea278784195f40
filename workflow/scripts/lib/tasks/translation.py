"""Translation of short messages, made from two languages of a parallel corpus.

Example item: prompt ``English: Save changes\\nFrench:``, target `` Enregistrer les modifications``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib.languages import name_of
from lib.seeds import derive
from lib.tasks.item import Item, item_id


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """The messages of the corpus' own split that both languages have, in an order of the seed.

    The corpus splits by message, so that the task's splits share none. Of a message that has several
    texts in a language, the first counts.

    Args:
        task: ``source`` and ``target`` (languages), ``max_characters`` (of either text).
        split: already chosen by the documents.
        seed: of the order.
        documents: source and target language of the split (contract corpus.DOCUMENTS).
    """
    source, target = (side.sort_values("doc_id").drop_duplicates("group_id") for side in documents)
    pairs = source.merge(target, on="group_id", suffixes=("", "_target"), validate="one_to_one")
    short = (pairs[["text", "text_target"]].map(len) <= task["max_characters"]).all(axis=1)
    one_line = ~(pairs["text"] + pairs["text_target"]).str.contains("\n")
    pairs = (
        pairs[short & one_line]
        .sort_values("group_id")
        .sample(frac=1, random_state=derive(seed, "translation"))
    )
    for pair in pairs.itertuples():
        yield Item(
            item_id(pair.text),
            prompt=f"{name_of(task['source'])}: {pair.text}\n{name_of(task['target'])}:",
            target=f" {pair.text_target}",
            answer=pair.text_target,
            verifier="chrf",
            template=pair.source,
            style="plain",
        )
