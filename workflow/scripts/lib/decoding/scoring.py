"""What the metrics make of the judged answers of one training run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from lib.comparisons import Measure, interval, mean_of, resampled
from lib.decoding.selection import CHOOSERS, SELECTIONS, by_item
from lib.decoding.spread import discrimination, diversity
from lib.decoding.verifiers import VERIFIERS
from lib.grid import CHOICE
from lib.seeds import derive
from lib.tasks.item import TEMPLATE

# By decoder and metric, like ("greedy", "accuracy").
Measures = dict[tuple[str, str], Measure]


def measures(answers: pd.DataFrame, items: pd.DataFrame) -> Measures:
    """All metrics of one run, of its items in the order of their names.

    In the split of templates that training has not seen, results are claims about new templates, of which
    there are few: the items of one are drawn together. Templates of other splits are those of the training.

    Args:
        answers: branches of one cell (contract answers.ANSWERS), of one decoding or several; that whose
            first branch is the greedy path comes first.
        items: the task's items (contract task.ITEMS).
    """
    found = _measures(answers, items)
    if answers["split"].iloc[0] != TEMPLATE:
        return found
    made_from = items.set_index("item_id")["template"].loc[np.unique(answers["item_id"])]
    templates, _ = pd.factorize(made_from)
    return {names: measure._replace(templates=templates) for names, measure in found.items()}


def _measures(answers: pd.DataFrame, items: pd.DataFrame) -> Measures:
    """The same, of items that are drawn one by one."""
    verifier = items["verifier"].iloc[0]
    if verifier == CHOICE:
        branches = by_item(answers).values()
        return accuracies({name: _right(branches, choose) for name, choose in CHOOSERS.items()})
    if VERIFIERS[verifier].exact:
        return exact_measures(answers)
    gold = items.set_index("item_id")["answer"]
    found: Measures = {}
    for place, (decoding, part) in enumerate(answers.groupby("decoding", sort=False)):
        decoder = decoder_name(decoding, "first", place == 0)
        found[decoder, "chrf"] = chrf_measure(part, gold)
        found[decoder, "tokens"] = tokens(by_item(part).values(), "first")
    return found


def decoder_name(decoding: str, selection: str, main: bool) -> str:
    """Name of a decoder, like ``cot-max``; the first branch of the main decoding is ``greedy``."""
    return "greedy" if main and selection == "first" else f"{decoding}-{selection}"


def exact_measures(answers: pd.DataFrame) -> Measures:
    """Metrics of a task whose answers are right or wrong.

    Args:
        answers: see :func:`measures`.

    Returns:
        per decoder ``accuracy``, ``tokens`` and, against greedy on the same items, ``accuracy_gain``; for
        greedy also ``answered`` (share of well-formed outputs with an answer) and ``chain`` (share
        of outputs that write something before the answer); under the name of a decoding what its branches
        are like, see :mod:`lib.decoding.spread`.
    """
    parts = answers.groupby("decoding", sort=False)
    decoded = {name: list(by_item(part).values()) for name, part in parts}
    right: dict[str, np.ndarray] = {}
    spent: Measures = {}
    spread: Measures = {}
    for place, (decoding, items) in enumerate(decoded.items()):
        several = any(len(branches) > 1 for branches in items)
        for name, select in SELECTIONS.items():
            if several or name == "first":
                decoder = decoder_name(decoding, name, place == 0)
                right[decoder] = _right(items, select)
                spent[decoder, "tokens"] = tokens(items, name)
        if several:
            like = discrimination(items) | diversity(items)
            spread |= {(decoding, name): measure for name, measure in like.items()}
    found = accuracies(right) | spent | spread
    first = [branches[0] for branches in next(iter(decoded.values()))]
    found["greedy", "answered"] = mean_of(np.array([branch.status == "answered" for branch in first]))
    found["greedy", "chain"] = mean_of(np.array([branch.chain is True for branch in first]))
    return found


def _right(items: Iterable[list[Any]], select: Callable[[list[Any]], Any | None]) -> np.ndarray:
    """Whether what is selected of each item is right; where nothing is, it is not."""
    return np.array([bool((chosen := select(branches)) and chosen.correct) for branches in items])


def tokens(items: Iterable[list[Any]], selection: str) -> Measure:
    """Tokens that an item takes: of its first branch alone, or of all that a selection is made from."""
    return mean_of(
        np.array(
            [
                sum(branch.decoded_tokens for branch in branches[: 1 if selection == "first" else None])
                for branches in items
            ]
        )
    )


def accuracies(right: dict[str, np.ndarray]) -> Measures:
    """Accuracy of each decoder and, but for greedy, how far it is above greedy on the same items.

    Args:
        right: whether each item is right, by decoder, ``greedy`` among them.
    """
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
    """Corpus chrF of the first branches: the statistics of an item are its counts of n-grams.

    sacrebleu's own bootstrap fails where a resample scores zero, so its counts are resampled here.

    Args:
        answers: branches of one cell and decoding.
        gold: reference by item_id.
    """
    first = answers[answers["branch"] == 0].sort_values("item_id")
    written, references = first["extracted"].fillna("").tolist(), gold.loc[first["item_id"]].tolist()
    counts = _chrf()._extract_corpus_statistics(written, [references])
    return Measure(np.array(counts, float), _chrf_of, share=False)


def scores(found: Measures, resamples: int, seed: int) -> Iterator[dict[str, Any]]:
    """A row for each metric of one run, with its interval over items or templates.

    Args:
        found: see :func:`measures`.
        resamples: bootstrap samples over these.
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
            "interval_over": measure.over,
            "n_items": len(measure.statistics),
        }
