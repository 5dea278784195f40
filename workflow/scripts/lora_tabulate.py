"""Say what the name of each arm means.

Example:
    python workflow/scripts/lora_tabulate.py --arms '{"lora-r8": {"method": "lora", "rank": 8, ...}}' \
        --table results/lora/arms.parquet

WRITES  one row an arm (contract lora.ARMS)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main, settings
from lib.contracts.lora import ARMS
from lib.progress import Work


def lora_tabulate(
    arms: Annotated[str, typer.Option(help="Arms by name: JSON or a JSON file.")],
    table: Annotated[Path, typer.Option(help="Table to write.")],
) -> None:
    """Write what each arm's name means."""
    with Work("lora_tabulate"):
        rows = []
        for name, arm in settings(arms).items():
            targets = arm["targets"] if isinstance(arm["targets"], str) else " ".join(arm["targets"])
            kept = {key: arm[key] for key in ARMS.columns if key in arm}
            rows.append({**kept, "arm": name, "targets": targets})
        ARMS.write(rows, table)


if __name__ == "__main__":
    main(lora_tabulate)
