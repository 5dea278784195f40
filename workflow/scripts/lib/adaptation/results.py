"""What the training of a cell leaves: an adapter, its steps and its costs; or why there is no adapter."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lib.adaptation import saved
from lib.adaptation.outcome import Outcome
from lib.contracts.lora import COSTS, FINISHED, STEPS
from lib.together import Cell, Files

DONE = Outcome(FINISHED)


def write(
    cell: Cell,
    files: Files,
    save: Callable[[Path], None],
    steps: Sequence[dict[str, Any]],
    spent: dict[str, Any],
    facts: dict[str, Any],
    ended: Outcome = DONE,
) -> None:
    """Write the results of a cell, the table of costs last.

    Args:
        cell: what was trained.
        files: where they go.
        save: writes the adapter into a folder; not called where the training failed.
        steps: rows of lora.STEPS.
        spent: columns of lora.COSTS, as far as they are known.
        facts: for the provenance.
        ended: how the training ended.
    """
    partial = files.adapter.with_name(f".{files.adapter.name}.{os.getpid()}.partial")
    row = {**dict.fromkeys(COSTS.columns), **cell.names, "method": cell.arm.method, **spent}
    row |= {"learning_rate": cell.arm.learning_rate, "status": ended.status, "reason": ended.reason}
    if ended == DONE:
        save(partial)
        # Without the settings, which hold the path of the model.
        row["adapter_bytes"] = (partial / saved.WEIGHTS).stat().st_size
    else:
        print(f"warning: {': '.join(ended)}", file=sys.stderr)
        saved.write_failure(partial, cell.arm.method, *ended)
    files.adapter.mkdir(parents=True, exist_ok=True)
    for name in (saved.SETTINGS, saved.WEIGHTS):
        os.replace(partial / name, files.adapter / name)
    for stale in files.adapter.parent.glob(f".{files.adapter.name}.*.partial"):  # and those of killed runs
        shutil.rmtree(stale)
    facts = {**facts, "seed": cell.names["seed"], "identity": cell.identity}
    STEPS.write(steps, files.steps, **facts)
    COSTS.write([row], files.cost, **facts)
