"""Plain text of a language, which is read from its beginning: what language adapters train on.

Example item: prompt empty, target ``Enregistrer les modifications``. It asks nothing, so it has neither an
answer nor a verifier.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from lib.seeds import derive
from lib.tasks.item import Item, item_id


def items(task: dict[str, Any], split: str, seed: int, documents: list[pd.DataFrame]) -> Iterator[Item]:
    """The documents of the corpus' own split, in an order of the seed; long ones in parts.

    Args:
        task: ``lang``, and ``max_characters`` of a part.
        split: already chosen by the documents.
        seed: of the order.
        documents: the language's documents of the split (contract corpus.DOCUMENTS).
    """
    (found,) = documents
    drawn = found.sort_values("doc_id").sample(frac=1, random_state=derive(seed, "text"))
    for document in drawn.itertuples():
        for start in range(0, len(document.text), task["max_characters"]):
            text = document.text[start : start + task["max_characters"]]
            yield Item(
                item_id(text),
                prompt="",
                target=text,
                answer=None,
                verifier=None,
                template=document.source,
                style="plain",
            )
