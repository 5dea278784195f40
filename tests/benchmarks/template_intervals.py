"""How often intervals over templates hold what they should, and how often equal arms are told apart.

Example:
    python tests/benchmarks/template_intervals.py

Questions of a template are right with a chance of its own: its log-odds are normal, of standard deviation
1.5. Two arms that are equal on the whole have chances of their own on each template. A template has 35 to
105 questions. Of each number of templates, in so many experiments: how often the 95 % interval of an
accuracy holds the expected one, over templates and, by Wilson, over items; and of two arms, how often a
test at 5 % finds a difference, by swaps of whole templates, by the bootstrap over templates, and by
McNemar over items.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from lib import comparisons
from lib.intervals import share

SPREAD, RESAMPLES, EXPERIMENTS, SIZES = 1.5, 1000, 1000, (35, 106)
NAMES = ("interval over templates", "over items", "swaps", "bootstrap", "mcnemar")


def arm(rng: np.random.Generator, templates: np.ndarray) -> np.ndarray:
    """Whether an arm is right on each item, by the template of each."""
    chances = 1 / (1 + np.exp(-rng.normal(0, SPREAD, templates.max() + 1)))
    return rng.random(len(templates)) < chances[templates]


def experiment(seed: int, count: int) -> list[bool]:
    """What each interval holds, and each test finds, in one experiment with so many templates."""
    rng = np.random.default_rng(seed)
    templates = np.repeat(np.arange(count), rng.integers(*SIZES, count))
    right, other = arm(rng, templates), arm(rng, templates)
    pair = [comparisons.mean_of(one)._replace(templates=templates) for one in (right, other)]
    drawn = comparisons.resampled(pair, RESAMPLES, seed)
    intervals = comparisons.interval(pair[:1], drawn[:, 0]), share(right)
    p_values = (
        comparisons.randomization(*pair, RESAMPLES, seed),
        comparisons.bootstrap_p(drawn[:, 0] - drawn[:, 1]),
        comparisons.mcnemar(right, other),
    )
    # Log-odds are symmetric around even chances.
    held = [found.low <= 0.5 <= found.high for found in intervals]
    return [*held, *(p_value < comparisons.LEVEL for p_value in p_values)]


def main() -> None:
    """Print a table, in per cent."""
    print("templates  " + "  ".join(NAMES))
    for count in (8, 14):
        found = np.mean([experiment(seed, count) for seed in range(EXPERIMENTS)], axis=0)
        cells = (f"{100 * one:{len(name)}.0f}" for one, name in zip(found, NAMES, strict=True))
        print(f"{count:9}  " + "  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
