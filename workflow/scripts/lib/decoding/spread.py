"""What the branches of one decoding are like: whether margins tell right from wrong, and how they differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.comparisons import Measure, mean_of
from lib.decoding.selection import WELL_FORMED, well_formed

PASS = (1, 5, 10)  # branches of which one is right


def discrimination(items: list[list[Any]]) -> dict[str, Measure]:
    """How often a right branch has a larger margin than a wrong one, of those that are well-formed.

    This is the area under the ROC curve (Hanley & McNeil 1982); a tie counts half, chance is 0.5. A selection
    among the branches of a question needs it within questions; a filter that ranks questions needs it pooled,
    where easy questions raise it. Within questions are counted those that have branches of both kinds.

    Args:
        items: of each item its judged branches, rows of contract answers.ANSWERS.

    Returns:
        ``auroc``, over all pairs of a right and a wrong branch, and ``auroc_within``, the mean over questions
        of that over their own pairs; each is left out where there is no such pair.
    """
    formed = [[branch for branch in branches if branch.status == WELL_FORMED] for branches in items]
    right, wrong = (
        [np.array([branch.margin for branch in some if bool(branch.correct) == kind]) for some in formed]
        for kind in (True, False)
    )
    n_right, n_wrong = np.array([len(some) for some in right]), np.array([len(some) for some in wrong])
    wins = _wins(right, wrong)
    found = {}
    if n_right.any() and n_wrong.any():
        # Means of one-hot rows say how often each item was drawn: the score is of pairs, across items too.
        found["auroc"] = Measure(
            np.eye(len(items)),
            lambda drawn: _ratio(((drawn @ wins) * drawn).sum(-1), (drawn @ n_right) * (drawn @ n_wrong)),
            share=False,
        )
    both = n_right * n_wrong > 0
    if both.any():
        own = np.where(both, wins.diagonal() / np.maximum(n_right * n_wrong, 1), 0)
        found["auroc_within"] = Measure(
            np.stack([own, both], axis=1), lambda means: _ratio(means[..., 0], means[..., 1]), share=False
        )
    return found


def _wins(right: list[np.ndarray], wrong: list[np.ndarray]) -> np.ndarray:
    """For two items the pairs in which a right branch of the first beats a wrong one of the second."""
    owner = np.repeat(np.arange(len(wrong)), [len(some) for some in wrong])
    margins = np.concatenate(wrong)
    rows = []
    for some in right:
        beaten = (some[:, None] > margins).sum(0) + 0.5 * (some[:, None] == margins).sum(0)
        rows.append(np.bincount(owner, beaten, len(wrong)))
    return np.array(rows)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Their ratio; nan in a resample that has nothing to compare."""
    return np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below != 0)


def diversity(items: list[list[Any]]) -> dict[str, Measure]:
    """How much the branches of a question differ, and what that is good for.

    Args:
        items: see :func:`discrimination`.

    Returns:
        ``pass_at_k``: share of questions with a right answer among their first k branches, for as many k of
        :data:`PASS` as there are branches. Top-k branches are no draws, so that there is no expectation to
        estimate: it is what k branches come to, by the rank of their first token. Of samples it is an
        unbiased estimate of pass@k (Chen et al. 2021), from the first k. ``distinct_branches``: branches of
        a question whose texts differ by more than white space. ``distinct_answers``: answers that its
        well-formed branches give.
    """
    found = {
        f"pass_at_{k}": mean_of(
            np.array([any(bool(branch.correct) for branch in some[:k]) for some in items])
        )
        for k in PASS
        if k <= max(map(len, items))
    }
    found["distinct_branches"] = mean_of(
        np.array([sum(not branch.repeated for branch in some) for some in items])
    )
    found["distinct_answers"] = mean_of(np.array([len(well_formed(some)) for some in items]))
    return found
