"""Datasets of the Hugging Face hub, or folders in the same layout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lib.cli import UserError

# Where the hub keeps a dataset as Parquet files, in a folder for each configuration. Of datasets that are
# scripts, which the library runs no more, this is what can be read.
EXPORT = "refs/convert/parquet"


def rows(
    where: str, id_: str, config: str | None, split: str, revision: str | None, streaming: bool = False
) -> Iterator[dict[str, Any]]:
    """The rows of a dataset, in its own order.

    Args:
        where: whose dataset it is, for messages: keys of the config.
        id_: name on the hub, or path of a folder.
        config: configuration, where the dataset has several.
        split: split to read.
        revision: commit, tag or branch, or :data:`EXPORT`.
        streaming: fetch rows as they are read, not the dataset as a whole.

    Raises:
        UserError: the dataset cannot be loaded, or breaks off.
    """
    import datasets

    number = 0
    chosen = {"data_dir": config} if revision == EXPORT else {"name": config}
    try:
        loaded = datasets.load_dataset(id_, **chosen, split=split, revision=revision, streaming=streaming)
        for row in loaded:
            number += 1
            yield row
    except Exception as error:  # the library raises many kinds, for a wrong name as for a lost connection
        name = "@".join(filter(None, (id_, revision)))
        raise UserError(
            f"{where}: {name} cannot be loaded{f' beyond row {number}' if number else ''} "
            f"({type(error).__name__}: {error}); "
            "check id, configuration, split and revision, and that the hub can be reached; "
            f"a dataset that is a script needs the revision {EXPORT}"
        ) from None
