"""What the metrics make of the judged answers of one training run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from lib.comparisons import Measure, interval, mean_of, resampled
from lib.decoding.selection import CHOOSERS, DECODERS, by_item
from lib.decoding.verifiers import CHOICE, VERIFIERS
from lib.seeds import derive

# By decoder and metric, like ("greedy", "accuracy").
Measures = dict[tuple[str, str], Measure]


def measures(answers: pd.DataFrame, items: pd.DataFrame) -> Measures:
    """All metrics of one run, of its items in the order of their names.

    Args:
        answers: branches of one cell (contract answers.ANSWERS).
        items: the task's items (contract task.ITEMS).
    """
    verifier = items["verifier"].iloc[0]
    if verifier == CHOICE:
        return accuracies(by_item(answers).values(), CHOOSERS)
    if VERIFIERS[verifier].exact:
        return exact_measures(answers)
    return {("greedy", "chrf"): chrf_measure(answers, items.set_index("item_id")["answer"])}


def exact_measures(answers: pd.DataFrame) -> Measures:
    """Metrics of a task whose answers are right or wrong.

    Returns:
        per decoder ``accuracy`` and, against greedy on the same items, ``accuracy_gain``; for
        greedy also ``answered`` (share of well-formed outputs with an answer) and ``chain`` (share
        of outputs that write something before the answer).
    """
    items = by_item(answers).values()
    several = answers["branch"].max() > 0
    found = accuracies(items, DECODERS if several else {"greedy": DECODERS["greedy"]})
    first = [branches[0] for branches in items]
    found["greedy", "answered"] = mean_of(np.array([branch.status == "answered" for branch in first]))
    found["greedy", "chain"] = mean_of(np.array([branch.chain is True for branch in first]))
    return found


def accuracies(items: Collection[list[Any]], decoders: dict[str, Callable[[list[Any]], Any]]) -> Measures:
    """Accuracy of each decoder and, but for greedy, how far it is above greedy on the same items.

    Args:
        items: branches of each item; where an item has choices, each choice is one.
        decoders: by name, ``greedy`` among them; each picks a branch, or none.
    """
    right = {
        name: np.array([bool((chosen := decoder(branches)) and chosen.correct) for branches in items])
        for name, decoder in decoders.items()
    }
    found: Measures = {}
    for name, correct in right.items():
        found[name, "accuracy"] = mean_of(correct)
        if name != "greedy":
            found[name, "accuracy_gain"] = mean_of(correct.astype(float) - right["greedy"])
    return found


@cache
def _chrf() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF()


def _chrf_of(counts: np.ndarray) -> np.ndarray:
    """Corpus chrF (Popović 2015; sacrebleu) from counts of n-grams, shape (..., k); their mean will do."""
    return np.apply_along_axis(lambda row: _chrf()._compute_f_score(row.tolist()), -1, counts)


def chrf_measure(answers: pd.DataFrame, gold: pd.Series) -> Measure:
    """Corpus chrF of the greedy outputs: the statistics of an item are its counts of n-grams.

    sacrebleu's own bootstrap fails where a resample scores zero, so its counts are resampled here.

    Args:
        answers: branches of one cell.
        gold: reference by item_id.
    """
    first = answers[answers["branch"] == 0].sort_values("item_id")
    written, references = first["extracted"].fillna("").tolist(), gold.loc[first["item_id"]].tolist()
    counts = _chrf()._extract_corpus_statistics(written, [references])
    return Measure(np.array(counts, float), _chrf_of, share=False)


def scores(found: Measures, resamples: int, seed: int) -> Iterator[dict[str, Any]]:
    """A row for each metric of one run, with its interval over items.

    Args:
        found: see :func:`measures`.
        resamples: bootstrap samples over items.
        seed: of the resampling.
    """
    drawn = resampled(list(found.values()), resamples, derive(seed, "bootstrap"))
    for (names, measure), column in zip(found.items(), drawn.T, strict=True):
        decoder, metric = names
        value, low, high = interval([measure], column)
        yield {
            "decoder": decoder,
            "metric": metric,
            "value": value,
            "ci_low": low,
            "ci_high": high,
            "interval_over": "items",
            "n_items": len(measure.statistics),
        }
