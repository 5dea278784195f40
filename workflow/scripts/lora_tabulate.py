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

from lib.adaptation.arm import Arm
from lib.cli import main, settings
from lib.contracts.lora import ARMS
from lib.grid import TUNED
from lib.progress import Work


def lora_tabulate(
    arms: Annotated[str, typer.Option(help="Arms by name: JSON or a JSON file.")],
    table: Annotated[Path, typer.Option(help="Table to write.")],
) -> None:
    """Write what each arm's name means."""
    with Work("lora_tabulate"):
        rows = []
        for name, arm in settings(arms).items():
            known = Arm(**{key: value for key, value in arm.items() if key not in ("match", "under")})
            targets = known.targets if isinstance(known.targets, list) else [known.targets or ""]
            rows.append(
                {
                    "arm": name,
                    "block": known.block,
                    "method": known.method,
                    "rank": known.rank,
                    "alpha": None if known.scaling is None else known.numerator,
                    "scaling": known.scaling,
                    "targets": " ".join(targets) or None,
                    "links": arm.get("links"),
                    "match": arm.get("match"),
                    "under": "/".join(arm["under"][key] for key in ("task", "arm"))
                    if "under" in arm
                    else None,
                    "learning_rate": None if known.learning_rate == TUNED else known.learning_rate,
                }
            )
        ARMS.write(rows, table)


if __name__ == "__main__":
    main(lora_tabulate)
