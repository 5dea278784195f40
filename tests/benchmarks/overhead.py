"""How much of a finished run was not its steps' own work: start-up, imports, loading, scheduling.

Example:
    python tests/benchmarks/overhead.py            # after `snakemake --cores 8 all`, in the same folder

READS   results/benchmarks/ (wall time of each job), results/logs/ (the interval of its own work)

A job's overhead is its wall time less its own work. Beside it stands the time between the first job's
work and the last one's in which no job did any; it means something where all results are of one run.
Ends with status 1 when the share of overhead in the jobs' time is above the bar.
"""

from __future__ import annotations

import re
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd

BAR = 0.15
WORKED = re.compile(r"worked from (\S+) to (\S+) \(")


def jobs(results: Path) -> pd.DataFrame:
    """One row a job of the run: rule, wall seconds, start and end of its own work."""
    rows = []
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        name = path.relative_to(results / "benchmarks").with_suffix("")
        log = (results / "logs" / name).with_suffix(".log")
        if log.is_file() and (found := WORKED.findall(log.read_text(encoding="utf-8", errors="replace"))):
            start, end = map(datetime.fromisoformat, found[-1])
            rows.append((name.parts[0], pd.read_csv(path, sep="\t")["s"].iloc[-1], start, end))
    return pd.DataFrame(rows, columns=["rule", "wall", "start", "end"])


def covered(intervals: pd.DataFrame) -> float:
    """Seconds in which at least one interval runs."""
    total, until = 0.0, datetime.min
    for start, end in sorted(zip(intervals["start"], intervals["end"], strict=True)):
        total += max(0.0, (end - max(start, until)).total_seconds())
        until = max(until, end)
    return total


def main() -> None:
    """Print a table by rule, and the shares."""
    found = jobs(Path("results"))
    if found.empty:
        sys.exit("results/: no finished job; run `snakemake --cores 8 all` first")
    found["work"] = (found["end"] - found["start"]).dt.total_seconds()
    by_rule = found.groupby("rule").agg(jobs=("wall", "size"), wall=("wall", "sum"), work=("work", "sum"))
    by_rule["overhead"] = by_rule["wall"] - by_rule["work"]
    print(by_rule.sort_values("wall", ascending=False).round(1).to_string())
    wall = (found["end"].max() - found["start"].min()).total_seconds()
    share = by_rule["overhead"].sum() / by_rule["wall"].sum()
    print(f"from the first step's work to the last one's: {wall:.0f} s")
    print(f"share of it in which no step did its work: {1 - covered(found) / wall:.1%}")
    print(f"share of the jobs' time that is not their own work: {share:.1%} (bar {BAR:.0%})")
    sys.exit(int(share > BAR))


if __name__ == "__main__":
    main()
