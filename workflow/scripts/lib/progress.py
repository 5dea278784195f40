"""Progress of a long step, for the terminal and the log."""

from __future__ import annotations

import sys
import time
from datetime import datetime

INTERVAL = 10.0  # seconds between two progress lines


class Work:
    """The time in which a step does its own work: everything after imports and model loading.

    Use as a context manager. ``advance`` prints at most one line every ten seconds. The last line
    gives the interval of the work; the benchmark of the pipeline's
    overhead (tests/benchmarks/overhead.py) reads that line.

    Args:
        step: name of the step, printed before each line.
        total: how many units there are, if known.
        unit: what is counted, in the plural.
    """

    def __init__(self, step: str, total: int | None = None, unit: str = "items") -> None:
        self.step, self.total, self.unit = step, total, unit
        self.done = 0

    def __enter__(self) -> Work:
        self.start = self._printed = time.time()
        return self

    def advance(self, n: int = 1, note: str = "") -> None:
        """Count ``n`` more units as done; ``note`` is shown at the end of the line."""
        self.done += n
        now = time.time()
        if now - self._printed < INTERVAL:
            return
        self._printed = now
        rate = self.done / (now - self.start)
        line = f"{self.step}: {self.done}"
        if self.total:
            left = (self.total - self.done) / rate
            line += f" of {self.total} {self.unit} ({100 * self.done // self.total} %), {left:.0f} s left"
        else:
            line += f" {self.unit}, {rate:.3g} a second"
        print(f"{line}{', ' if note else ''}{note}", file=sys.stderr, flush=True)

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is not None:
            return
        end = time.time()
        print(
            f"{self.step}: worked from {datetime.fromtimestamp(self.start).isoformat()} "
            f"to {datetime.fromtimestamp(end).isoformat()} "
            f"({end - self.start:.1f} s)",
            file=sys.stderr,
            flush=True,
        )
