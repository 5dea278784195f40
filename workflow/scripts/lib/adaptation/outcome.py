"""How the training of a cell can end: with an adapter, or with a reason why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lib.adaptation import saved
from lib.contracts.lora import DIVERGED, OUT_OF_MEMORY
from lib.run import Diverged


class Outcome(NamedTuple):
    """Status of a cell, and the reason where it is not ``finished``."""

    status: str
    reason: str | None = None


class Failed(Exception):
    """There is nothing to train on or with: the adapter below has failed, or the tuning of the rate."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def require(folder: Path) -> None:
    """Make sure that a training came to an adapter, on which another one is to build.

    Raises:
        Failed: it did not; the status is that of the training below.
    """
    if found := saved.failure(folder):
        status, reason = found
        raise Failed(Outcome(status, f"{folder} has no adapter to build on: {reason}"))


def of(error: Exception) -> Outcome:
    """What an error says of the cell.

    A process that the system kills for its memory cannot tell; there the job fails, and is tried again
    with more memory by a scheduler that is told to.

    Raises:
        Exception: the error itself, where it is neither a loss that diverged nor a lack of memory.
    """
    if isinstance(error, Failed):
        return error.outcome
    if isinstance(error, Diverged):
        return Outcome(DIVERGED, str(error))

    import torch

    # On a CPU, torch's allocator and a file that cannot be mapped raise a plain RuntimeError.
    full = any(text in str(error) for text in ("DefaultCPUAllocator", "Cannot allocate memory"))
    if full or isinstance(error, MemoryError | torch.OutOfMemoryError):
        return Outcome(OUT_OF_MEMORY, str(error).split("\n")[0] or type(error).__name__)
    raise error
