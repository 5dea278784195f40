"""Put the tables of all cells into one.

Example:
    python workflow/scripts/table_concat.py --table lora.COSTS --output costs.parquet a.parquet b.parquet

READS   tables of one contract; without any the result has no rows
WRITES  one table of the same contract, sorted by its key
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.progress import Work


def concat(
    table: Annotated[str, typer.Option(help="Contract: module and name in lib/contracts, like lora.COSTS.")],
    output: Annotated[Path, typer.Option(help="Table to write.")],
    parts: Annotated[list[Path] | None, typer.Argument(help="Tables to put together; none for none.")] = None,
) -> None:
    """Put the tables of all cells into one, sorted by key."""
    parts = parts or []
    module, name = table.split(".")
    contract = getattr(importlib.import_module(f"lib.contracts.{module}"), name)
    with Work("table_concat", len(parts), "tables"):
        whole = contract.read(*parts).sort_values(list(contract.key), ignore_index=True)
        contract.write(whole, output, inputs=parts)


if __name__ == "__main__":
    main(concat)
