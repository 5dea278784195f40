"""Scores over seeds and items, paired differences between arms, and how large one must be to be seen.

Seeds and items are crossed: each seed of an arm answers the same items. Both are drawn anew here, apart
from each other, which Owen (2007) calls the pigeonhole bootstrap. It counts the noise of single answers
both with the seeds and with the items, so that it errs on the side of caution; what few seeds cannot tell
is how much seeds differ. In simulations with three seeds and 200 items that are right or wrong, a test at
5 % found a difference between two equal arms in 1 % of the cases where seeds do not differ, in 3 % where
their accuracies spread by 2.6 points (standard deviation), and in 12 % where they spread by 7. A test that
flips signs answer by answer, as if those of several seeds were independent, found one in 5, 13 and 43 %.

Items that were made from few templates are not independent, and a claim about new templates is as sure as
there are templates, not items. There templates are drawn, each with all its items (the cluster bootstrap;
Davison & Hinkley 1997, 3.8; Miller 2024 on evaluations of language models), and a score is of all items
that were drawn, however many they are. In simulations (tests/benchmarks/template_intervals.py) with 14
templates of 35 to 105 items whose log-odds spread by 1.5, the interval of an accuracy held the expected one
in 93 % of the cases (with 8 templates in 88 %; Wilson's interval over items in 30 %). Of two arms that are
equal on the whole and apart on each template, swaps by template found a difference in 4 %, the bootstrap in
9, McNemar's test in 69: one seed is tested by swaps.

Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1(2).
Miller (2024), Adding error bars to evals, arXiv:2411.00640.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lib.intervals import Interval, ends, resamples_of, wilson
from lib.seeds import derive

LEVEL, POWER = 0.05, 0.8  # of a test, for the smallest difference that it detects
ROUNDING = 1e-9  # scores that differ by less are equal


class Measure(NamedTuple):
    """What a metric makes of the answers of one training run.

    Attributes:
        statistics: k numbers for each item, shape (n, k); runs that are compared have the same items.
        score: the metric from means of these over items, shape (..., k), to scores, shape (...).
        share: whether the metric is a share of items that are right.
        templates: number of the template of each item, from 0, shape (n,), where the items of a template are
            drawn together; none where each item is drawn by itself.
    """

    statistics: np.ndarray
    score: Callable[[np.ndarray], np.ndarray]
    share: bool
    templates: np.ndarray | None = None

    @property
    def over(self) -> str:
        """What is drawn, as tables name it."""
        return "items" if self.templates is None else "templates"

    @property
    def units(self) -> np.ndarray:
        """The number of what each item is drawn with, from 0, shape (n,)."""
        return np.arange(len(self.statistics)) if self.templates is None else self.templates

    @property
    def n_units(self) -> int:
        """How many are drawn."""
        return int(self.units.max()) + 1

    @property
    def value(self) -> float:
        """The score of all items."""
        return float(self.score(self.statistics.mean(0)))


def mean_of(values: np.ndarray) -> Measure:
    """The mean of one number for each item, shape (n,); a share where the numbers are True or False."""
    return Measure(values[:, None].astype(float), lambda means: means[..., 0], values.dtype == bool)


def resampled(measures: Sequence[Measure], resamples: int, seed: int) -> np.ndarray:
    """Scores of bootstrap samples of the items, the same samples for all measures, so that pairs stay pairs.

    Args:
        measures: of the same items, in the same templates.
        resamples: bootstrap samples.
        seed: of the resampling.

    Returns:
        shape (resamples, measures).
    """
    columns = np.concatenate([measure.statistics for measure in measures], axis=1)
    places = np.cumsum([measure.statistics.shape[1] for measure in measures])[:-1]
    units, drawn = measures[0].units, []
    for sample in resamples_of(measures[0].n_units, resamples, seed):
        items = np.take(sample, units, axis=1)
        means = np.split(items @ columns / items.sum(1, keepdims=True), places, axis=1)
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

    A share has Wilson's interval where there is one seed and items are independent, and where no resample
    differs: where none or all of the answers of all seeds are right, or as many of each template. As many
    units are counted there as are drawn, so that a dozen templates without a right answer tell no more than
    a dozen items would. Every other interval is of the percentiles of the resamples that have the metric.

    Args:
        measures: one for each seed.
        drawn: resamples over items and seeds, see :func:`over_seeds`, shape (resamples,).
    """
    value, one = float(np.mean([measure.value for measure in measures])), measures[0]
    binomial = one.templates is None and len(measures) == 1
    if one.share and (binomial or _alike(drawn)):
        return wilson(value, one.n_units)
    return Interval(value, *ends(drawn[~np.isnan(drawn)]))


def _alike(drawn: np.ndarray) -> bool:
    """Whether no resample differs from another."""
    return bool(np.ptp(drawn) < ROUNDING)


def difference(arm: Sequence[Measure], reference: Sequence[Measure], drawn: np.ndarray) -> Interval:
    """Mean difference of an arm from a reference over seeds, with its 95 % interval.

    Where the two are right on the same items, no resample differs: the share of items on which they are
    not, either way, is then below the upper end of Wilson's interval for none. Nor does one where the two
    are equally far apart on each template: another template may still be as far from that.

    Args:
        arm: one measure for each seed.
        reference: the same seeds of the reference.
        drawn: differences in resamples over items and seeds, shape (resamples,).
    """
    value = float(np.mean([one.value - other.value for one, other in zip(arm, reference, strict=True)]))
    same = all(
        np.array_equal(one.statistics, other.statistics) for one, other in zip(arm, reference, strict=True)
    )
    if arm[0].share and (same or (arm[0].templates is not None and _alike(drawn))):
        most = wilson(0, arm[0].n_units).high
        return Interval(value, max(value - most, -1.0), min(value + most, 1.0))
    return Interval(value, *ends(drawn))


def mcnemar(right: np.ndarray, reference: np.ndarray) -> float:
    """Exact two-sided p value of McNemar (1947) for two arms that answered the same, independent items.

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
    """Two-sided p value of approximate randomization (Riezler & Maxwell 2005) over items, or templates.

    If two runs are alike, what they wrote for an item can be swapped, and for all items of a template
    together: how often is the difference of the scores then as large as it was? The observed order counts as
    one of the swaps.
    """
    rng, n = np.random.default_rng(derive(seed, "randomization")), len(arm.statistics)
    mean, other = arm.statistics.mean(0), reference.statistics.mean(0)
    apart = (reference.statistics - arm.statistics) / n
    observed, as_large = abs(arm.value - reference.value), 1
    for start in range(0, resamples, 64):
        swapped = rng.integers(0, 2, (min(64, resamples - start), arm.n_units))
        swapped = np.take(swapped, arm.units, axis=1) @ apart
        found = np.abs(arm.score(mean + swapped) - reference.score(other - swapped))
        as_large += int(np.sum(found >= observed - ROUNDING))
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
        the difference, or none where no resample differs, as where the two do not differ on any item: this
        tells nothing of their spread.
    """
    from scipy.stats import norm

    if _alike(drawn):
        return None
    return (norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER)) * float(np.std(drawn))
