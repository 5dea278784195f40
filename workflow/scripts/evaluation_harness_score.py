"""Score what lm-evaluation-harness judged: its metrics with our intervals, for all models and suites.

Example:
    python workflow/scripts/evaluation_harness_score.py --resamples 1000 --seed 0 \
        --scores results/evaluation/harness.parquet results/evaluation/harness/*/*/*/*/seed-*.parquet

READS   items as lm-eval judged them (contract samples.SAMPLES)
WRITES  scores (harness.HARNESS): a row for each task of lm-eval, and one for all tasks of a group together

A value is lm-eval's own. Where it is the mean of its items, its interval is over them: Wilson's where items
are right or wrong, else a bootstrap. Other metrics, like the chrF of a corpus, have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.cli import main
from lib.contracts.harness import HARNESS
from lib.contracts.samples import NAMES, SAMPLES
from lib.intervals import Interval, bootstrap_mean, share
from lib.progress import Work
from lib.seeds import derive

if TYPE_CHECKING:
    import pandas as pd


def evaluation_harness_score(
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")],
    scores: Annotated[Path, typer.Option(help="Table of scores to write.")],
    samples: Annotated[
        list[Path] | None, typer.Argument(help="Tables of judged items; none for none.")
    ] = None,
) -> None:
    """Score what lm-evaluation-harness judged, with intervals over items."""
    with Work("evaluation_harness_score", len(samples or []), "tables"):
        judged = SAMPLES.read(*(samples or []))
        found = [
            row
            for one in (judged, _pooled(judged))
            for row in _scores(one, resamples, derive(seed, "bootstrap"))
        ]
        HARNESS.write(found, scores, inputs=samples or [], seed=seed)


def _pooled(judged: pd.DataFrame) -> pd.DataFrame:
    """The items of each group of tasks as one task by the group's name; its metrics are means over items."""
    cell = ["suite", "model", "task", "arm", "seed"]
    several = judged.groupby(cell)["subtask"].transform("nunique") > 1
    items = judged[several & judged["value"].notna()]
    means = items.groupby([*cell, "filter", "metric"])["value"].transform("mean")
    return items.assign(subtask=items["suite"], reported=means)


def _scores(judged: pd.DataFrame, resamples: int, seed: int) -> Iterator[dict[str, Any]]:
    for key, items in judged.groupby(list(NAMES)):
        reported = items["reported"].iloc[0]
        interval = _interval(items["value"].to_numpy(float), reported, resamples, seed)
        yield {
            **dict(zip(NAMES, key, strict=True)),
            "value": reported,
            "ci_low": interval and interval.low,
            "ci_high": interval and interval.high,
            "interval_over": "items",
            "n_items": len(items),
        }


def _interval(values: Any, reported: float, resamples: int, seed: int) -> Interval | None:
    """The interval of a mean over items; none for what is no such mean."""
    import numpy as np

    if np.isnan(values).any() or not np.isclose(values.mean(), reported):
        return None
    if np.isin(values, (0, 1)).all():
        return share(values == 1)
    return bootstrap_mean(values, resamples, seed)


if __name__ == "__main__":
    main(evaluation_harness_score)
