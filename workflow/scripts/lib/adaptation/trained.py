"""What was trained, as the tables of costs tell it to those who report scores."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lib.contracts.lora import COSTS

KEY = ["model", "task", "arm"]


def methods(costs: Iterable[Path]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Method and rank by model, task and arm: one that matches another arm has its own rank on each model.

    Args:
        costs: tables of costs (contract lora.COSTS).
    """
    table = COSTS.read(*costs).drop_duplicates(KEY).set_index(KEY)
    return table[["method", "rank"]].to_dict("index")
