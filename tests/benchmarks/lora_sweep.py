"""How much sooner a sweep of six ranks is done than by a plain script of PEFT, run six times.

Example:
    snakemake --cores 2 results/model/smollm2-135m-q4_1/files.parquet results/task/arithmetic/train.parquet
    python tests/benchmarks/lora_sweep.py

READS   results/model/smollm2-135m-q4_1, results/task/arithmetic/train.parquet

Ranks 1 to 32, 50 steps of 16 rows each, one process after the other with two threads; all of a process
counts: imports, loading, training, saving. For each rank the plain script (plain_lora.py) and the
pipeline's own run in turns, on the same rows, in the type that the processor multiplies in. A pair is two
sweeps: the sums over ranks. Ends with status 1 when the median ratio is below the bar.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lora_train import ours, plain, write_examples

from lib.models.lm import dtype_of
from lib.run import Budget

BAR = 1.3
PAIRS = 1
RANKS = (1, 2, 4, 8, 16, 32)
BUDGET = Budget(steps=50, rows=16)


def timed(work: Callable[..., Any], *options: Any) -> float:
    """Wall seconds of some work."""
    start = time.perf_counter()
    work(*options)
    return time.perf_counter() - start


def show(pair: int, rank: int | str, theirs: float, mine: float) -> None:
    """Print a line of the table."""
    print(f"{pair + 1:4}  {rank:>4}  {theirs:15.1f}  {mine:6.1f}  {theirs / mine:5.2f}", flush=True)


def main() -> None:
    """Time both sweeps rank by rank, and print a table."""
    dtype = str(dtype_of("auto")).removeprefix("torch.")
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder, examples = Path(name), Path(name) / "rows.jsonl"
        write_examples(examples, BUDGET)
        print(f"pair  rank  plain {dtype} s  ours s  ratio")
        for pair in range(PAIRS):
            totals = [0.0, 0.0]
            for rank in RANKS:
                theirs = timed(plain, folder / f"plain-{pair}-{rank}", examples, rank, BUDGET, dtype)
                mine = timed(ours, folder / f"ours-{pair}-{rank}", rank, BUDGET)
                totals = [totals[0] + theirs, totals[1] + mine]
                show(pair, rank, theirs, mine)
            show(pair, "all", *totals)
            ratios.append(totals[0] / totals[1])
    ratio = statistics.median(ratios)
    print(f"makespan of {len(RANKS)} ranks, {BUDGET.steps} steps each; bar {BAR:g}")
    print(f"ratio: {ratio:.2f} (median of {PAIRS} pair{'s' * (PAIRS != 1)})")
    sys.exit(int(ratio < BAR))


if __name__ == "__main__":
    main()
