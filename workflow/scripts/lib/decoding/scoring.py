"""Scores of one cell from its judged answers, each with an interval over items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from lib.decoding.selection import DECODERS, by_item
from lib.intervals import Interval, bootstrap_mean, ends, share
from lib.seeds import derive


def _row(decoder: str, metric: str, interval: Interval, n_items: int) -> dict[str, Any]:
    return {
        "decoder": decoder,
        "metric": metric,
        "value": interval.value,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "interval_over": "items",
        "n_items": n_items,
    }


def exact_scores(answers: pd.DataFrame, resamples: int, seed: int) -> Iterator[dict[str, Any]]:
    """Scores of a task whose answers are right or wrong.

    Args:
        answers: branches of one cell (contract answers.ANSWERS).
        resamples: bootstrap samples over items.
        seed: of the resampling.

    Yields:
        per decoder ``accuracy`` with a Wilson interval and, paired with greedy on the same items,
        ``accuracy_gain`` with a bootstrap interval; for greedy
        also ``answered`` (share of well-formed outputs with an answer) and ``chain`` (share of outputs
        that write something before the answer).
    """
    items = by_item(answers)
    n, drawn = len(items), derive(seed, "bootstrap")
    several = answers["branch"].max() > 0
    right = {
        name: np.array(
            [bool((chosen := decoder(branches)) and chosen.correct) for branches in items.values()]
        )
        for name, decoder in DECODERS.items()
        if several or name == "greedy"
    }
    for name, correct in right.items():
        yield _row(name, "accuracy", share(correct), n)
        if name != "greedy":
            gain = bootstrap_mean(correct.astype(float) - right["greedy"], resamples, drawn)
            yield _row(name, "accuracy_gain", gain, n)
    first = [branches[0] for branches in items.values()]
    answered = np.array([branch.status == "answered" for branch in first])
    chain = np.array([branch.chain is True for branch in first])
    yield _row("greedy", "answered", share(answered), n)
    yield _row("greedy", "chain", share(chain), n)


def chrf_scores(
    answers: pd.DataFrame, gold: pd.Series, resamples: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Corpus chrF of the greedy outputs (Popović 2015; sacrebleu), with a bootstrap over items.

    The n-gram counts of an item are added up anew in each resample. sacrebleu's own bootstrap fails
    where a resample scores zero, so its counts are resampled here.

    Args:
        answers: branches of one cell.
        gold: reference by item_id.
        resamples: bootstrap samples.
        seed: of the resampling.
    """
    from sacrebleu.metrics import CHRF

    metric = CHRF()
    first = answers[answers["branch"] == 0].sort_values("item_id")
    written, references = first["extracted"].fillna("").tolist(), gold.loc[first["item_id"]].tolist()
    counts = np.array(metric._extract_corpus_statistics(written, [references]))
    rng, n = np.random.default_rng(derive(seed, "bootstrap")), len(counts)
    drawn = [metric._compute_f_score(counts[rng.integers(0, n, n)].sum(0).tolist()) for _ in range(resamples)]
    score = metric.corpus_score(written, [references]).score
    yield _row("greedy", "chrf", Interval(score, *ends(np.array(drawn))), n)
