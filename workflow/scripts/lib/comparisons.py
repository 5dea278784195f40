"""Scores over seeds and items, paired differences between arms, and how large one must be to be seen.

Seeds and items are crossed: each seed of an arm answers the same items. Both are drawn anew here, apart
from each other, which Owen (2007) calls the pigeonhole bootstrap. It counts the noise of single answers
both with the seeds and with the items, so that it errs on the side of caution; what few seeds cannot tell
is how much seeds differ. In simulations with three seeds and 200 items that are right or wrong, a test at
5 % found a difference between two equal arms in 1 % of the cases where seeds do not differ, in 3 % where
their accuracies spread by 2.6 points (standard deviation), and in 12 % where they spread by 7. A test that
flips signs answer by answer, as if those of several seeds were independent, found one in 5, 13 and 43 %.

Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1(2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lib.intervals import Interval, ends, resamples_of, share
from lib.seeds import derive

LEVEL, POWER = 0.05, 0.8  # of a test, for the smallest difference that it detects


class Measure(NamedTuple):
    """What a metric makes of the answers of one training run.

    Attributes:
        statistics: k numbers for each item, shape (n, k); runs that are compared have the same items.
        score: the metric from means of these over items, shape (..., k), to scores, shape (...).
        share: whether the metric is a share of items that are right.
    """

    statistics: np.ndarray
    score: Callable[[np.ndarray], np.ndarray]
    share: bool

    @property
    def value(self) -> float:
        """The score of all items."""
        return float(self.score(self.statistics.mean(0)))


def mean_of(values: np.ndarray) -> Measure:
    """The mean of one number for each item, shape (n,); a share where the numbers are True or False."""
    return Measure(values[:, None].astype(float), lambda means: means[..., 0], values.dtype == bool)


def resampled(measures: Sequence[Measure], resamples: int, seed: int) -> np.ndarray:
    """Scores of bootstrap samples of the items, the same samples for all measures, so that pairs stay pairs.

    Returns:
        shape (resamples, measures).
    """
    columns = np.concatenate([measure.statistics for measure in measures], axis=1)
    places = np.cumsum([measure.statistics.shape[1] for measure in measures])[:-1]
    drawn = []
    for sample in resamples_of(len(columns), resamples, seed):
        means = np.split(sample @ columns / len(columns), places, axis=1)
        drawn.append([measure.score(mean) for measure, mean in zip(measures, means, strict=True)])
    return np.concatenate(drawn, axis=1).T


def over_seeds(drawn: np.ndarray, seed: int) -> np.ndarray:
    """Means over seeds that are drawn with replacement, in each resample anew.

    Args:
        drawn: scores of resampled items by seed, shape (resamples, seeds).
        seed: of the drawing; equal seeds and shapes draw alike, so that arms stay paired.

    Returns:
        shape (resamples,).
    """
    resamples, seeds = drawn.shape
    chosen = np.random.default_rng(derive(seed, "seeds")).integers(0, seeds, (resamples, seeds))
    return np.take_along_axis(drawn, chosen, axis=1).mean(1)


def interval(measures: Sequence[Measure], drawn: np.ndarray) -> Interval:
    """The mean score of an arm over its seeds, with its 95 % interval.

    A share has Wilson's interval where there is one seed, and where none or all of the answers of all
    seeds are right, so that no resample differs. Every other interval is of the percentiles of the resamples
    that have the metric.

    Args:
        measures: one for each seed.
        drawn: resamples over items and seeds, see :func:`over_seeds`, shape (resamples,).
    """
    value = float(np.mean([measure.value for measure in measures]))
    if measures[0].share and (len(measures) == 1 or value in (0, 1)):
        return share(measures[0].statistics[:, 0] > 0)
    return Interval(value, *ends(drawn[~np.isnan(drawn)]))


def difference(arm: Sequence[Measure], reference: Sequence[Measure], drawn: np.ndarray) -> Interval:
    """Mean difference of an arm from a reference over seeds, with its 95 % interval.

    Where the two are right on the same items, no resample differs: the share of items on which they are
    not, either way, is then below the upper end of Wilson's interval for none.

    Args:
        arm: one measure for each seed.
        reference: the same seeds of the reference.
        drawn: differences in resamples over items and seeds, shape (resamples,).
    """
    value = float(np.mean([one.value - other.value for one, other in zip(arm, reference, strict=True)]))
    same = all(
        np.array_equal(one.statistics, other.statistics) for one, other in zip(arm, reference, strict=True)
    )
    if arm[0].share and same:
        most = share(np.zeros(len(arm[0].statistics), bool)).high
        return Interval(value, -most, most)
    return Interval(value, *ends(drawn))


def mcnemar(right: np.ndarray, reference: np.ndarray) -> float:
    """Exact two-sided p value of McNemar (1947) for two arms that answered the same items.

    Of the items on which exactly one of the two is right, each is as likely to be right if they are
    alike: a binomial test. Without any such item it is 1.

    Args:
        right: whether the arm is right, shape (n,).
        reference: whether the reference is right, shape (n,).
    """
    from scipy.stats import binomtest

    won, lost = int(np.sum(right & ~reference)), int(np.sum(reference & ~right))
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def randomization(arm: Measure, reference: Measure, resamples: int, seed: int) -> float:
    """Two-sided p value of approximate randomization (Riezler & Maxwell 2005) over items.

    If two runs are alike, what they wrote for an item can be swapped: how often is the difference
    of the scores then as large as it was? The observed order counts as one of the swaps.
    """
    rng, n = np.random.default_rng(derive(seed, "randomization")), len(arm.statistics)
    mean, other = arm.statistics.mean(0), reference.statistics.mean(0)
    apart = (reference.statistics - arm.statistics) / n
    observed, as_large = abs(arm.value - reference.value), 1
    for start in range(0, resamples, 64):
        swapped = rng.integers(0, 2, (min(64, resamples - start), n)) @ apart
        found = np.abs(arm.score(mean + swapped) - reference.score(other - swapped))
        as_large += int(np.sum(found >= observed - 1e-9))
    return as_large / (resamples + 1)


def bootstrap_p(drawn: np.ndarray) -> float:
    """Two-sided p value by which the percentile interval just reaches zero (Davison & Hinkley 1997, 5.4).

    Args:
        drawn: differences in resamples over items and seeds, shape (resamples,).
    """
    fewer = min(np.sum(drawn <= 0), np.sum(drawn >= 0))
    return min(1.0, 2 * (1 + int(fewer)) / (len(drawn) + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for their number by Holm (1979): none wrong in 95 of 100 families of tests.

    The smallest of m is multiplied by m, the next by m - 1, and so on; none is below the one before it.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(corrected, 1).tolist()


def detectable(drawn: np.ndarray) -> float | None:
    """The smallest true difference that a two-sided test at 5 % finds in 80 of 100 such experiments.

    (z(1 - 0.05 / 2) + z(0.8)) times the standard error of the paired difference (Bloom 1995; for
    evaluations of language models Card et al. 2020), 2.80 standard errors: the difference is at least so far
    above zero that its estimate falls below the bound of the test in only one of five. The
    standard error is the spread of the resamples; with few seeds it is itself uncertain.

    Args:
        drawn: differences in resamples over items and seeds, shape (resamples,).

    Returns:
        the difference, or none where the two do not differ on any item, which tells nothing of their spread.
    """
    from scipy.stats import norm

    error = float(np.std(drawn))
    return (norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER)) * error or None
