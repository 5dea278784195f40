"""Compare the arms of one model and task: scores over seeds, and paired differences from one of the arms.

Example:
    python workflow/scripts/evaluation_compare.py --items results/task/arithmetic/test.parquet \
        --cost lora-r1/seed-0/cost.parquet --cost lora-r4/seed-0/cost.parquet \
        --reference lora-r1 --resamples 1000 --seed 0 \
        --summary summary.parquet --comparisons comparisons.parquet \
        base/seed-0.parquet lora-r1/seed-0.parquet lora-r4/seed-0.parquet

READS   answers of every arm and seed (contract answers.ANSWERS), task items (task.ITEMS), costs of the
        trainings (lora.COSTS)
WRITES  scores over seeds (contract scores.SUMMARY), paired differences (scores.COMPARISONS). Trainings that
        failed have no answers; an arm that shares no seed with the reference is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import typer

from lib import comparisons as compare
from lib.adaptation.trained import methods
from lib.cli import UserError, main
from lib.comparisons import Measure
from lib.contracts.answers import ANSWERS
from lib.contracts.branches import CELL
from lib.contracts.scores import COMPARISONS, SUMMARY
from lib.contracts.task import ITEMS
from lib.decoding.scoring import measures
from lib.grid import BASE
from lib.progress import Work
from lib.seeds import derive

COMPARED = ("accuracy", "chrf")  # the metrics that stand for a task


class Run(NamedTuple):
    """One metric of one training run, and its scores of the resampled items, shape (resamples,)."""

    measure: Measure
    drawn: np.ndarray


# By decoder and metric, then by arm, then by seed.
Runs = dict[tuple[str, str], dict[str, dict[int, Run]]]


def evaluation_compare(
    items: Annotated[Path, typer.Option(help="Table of the task items.")],
    reference: Annotated[str, typer.Option(help="Arm that the others are compared with.")],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")],
    summary: Annotated[Path, typer.Option(help="Table of scores over seeds to write.")],
    comparisons: Annotated[Path, typer.Option(help="Table of paired differences to write.")],
    answers: Annotated[list[Path], typer.Argument(help="Tables of answers of every arm, seed and decoding.")],
    cost: Annotated[
        list[Path] | None,
        typer.Option(help="Costs of the trainings, which name method and rank of each arm."),
    ] = None,
) -> None:
    """Compare the arms of one model and task, with intervals over seeds and items, or their templates."""
    known = {arm: facts for (_, _, arm), facts in methods(cost or []).items()}
    with Work("evaluation_compare", len(answers), "runs") as work:
        names, runs = _runs(answers, items, resamples, seed, work)
        facts = {"inputs": [*answers, items], "seed": seed}
        SUMMARY.write(list(_summary(names, runs, known, seed)), summary, **facts)
        COMPARISONS.write(
            list(_comparisons(names, runs, known, reference, resamples, seed)), comparisons, **facts
        )


def _runs(
    answers: list[Path], items: Path, resamples: int, seed: int, work: Work
) -> tuple[dict[str, str], Runs]:
    """All metrics of all runs, on the same resamples of the same items, and what they are scores of."""
    gold, found, names = ITEMS.read(items), {}, {}
    decoded: dict[tuple[str, int], list[pd.DataFrame]] = {}
    for path in answers:
        work.advance()
        judged = ANSWERS.read(path)
        if judged.empty:
            continue
        if set(judged["item_id"]) != set(gold["item_id"]):
            raise UserError(f"{path}: not the answers to all of {items}; make them anew from these items")
        cell = judged[list(CELL)].iloc[0].to_dict()
        names = {name: cell[name] for name in ("model", "task", "split")}
        decoded.setdefault((cell["arm"], cell["seed"]), []).append(judged)
    for run, tables in decoded.items():
        for key, measure in measures(pd.concat(tables), gold).items():
            found[(*key, *run)] = measure
    if not found:
        return {}, {}
    drawn = compare.resampled(list(found.values()), resamples, derive(seed, "bootstrap"))
    runs: Runs = {}
    for (decoder, metric, arm, number), column in zip(found, drawn.T, strict=True):
        run = Run(found[decoder, metric, arm, number], column)
        runs.setdefault((decoder, metric), {}).setdefault(arm, {})[number] = run
    return names, runs


def _facts(runs: list[Run], arm: str, known: dict[str, Any]) -> dict[str, Any]:
    """What a row says of its arm and of its interval."""
    over = runs[0].measure.over
    return {
        "arm": arm,
        "method": known.get(arm, {}).get("method"),
        "rank": known.get(arm, {}).get("rank"),
        "interval_over": over if len(runs) == 1 else f"seeds and {over}",
        "n_seeds": len(runs),
        "n_items": len(runs[0].measure.statistics),
    }


def _summary(names: dict[str, str], runs: Runs, known: dict[str, Any], seed: int) -> Iterator[dict[str, Any]]:
    for (decoder, metric), by_arm in runs.items():
        for arm, by_seed in by_arm.items():
            own = list(by_seed.values())
            drawn = compare.over_seeds(np.stack([run.drawn for run in own], axis=1), seed)
            value, low, high = compare.interval([run.measure for run in own], drawn)
            row = {"decoder": decoder, "metric": metric, "value": value, "ci_low": low, "ci_high": high}
            yield {**names, **row, **_facts(own, arm, known)}


def _comparisons(
    names: dict[str, str], runs: Runs, known: dict[str, Any], reference: str, resamples: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Rows of each decoder and metric: one family of tests, corrected together."""
    for (decoder, metric), by_arm in runs.items():
        if metric in COMPARED and reference in by_arm:
            rows = [
                {**names, "reference": reference, "decoder": decoder, "metric": metric}
                | {**_compared(pairs, resamples, seed), **_facts([one for one, _ in pairs], arm, known)}
                for arm in by_arm
                if arm != reference and (pairs := _pairs(by_arm, arm, reference))
            ]
            for row, corrected in zip(rows, compare.holm([row["p_value"] for row in rows]), strict=True):
                yield {**row, "p_holm": corrected}


def _pairs(by_arm: dict[str, dict[int, Run]], arm: str, reference: str) -> list[tuple[Run, Run]]:
    """Runs of an arm and of the reference with the same seed; the base has one run, which goes with all."""
    own, others = by_arm[arm], by_arm[reference]
    if reference == BASE:
        return [(run, others[0]) for run in own.values()]
    if arm == BASE:
        return [(own[0], run) for run in others.values()]
    return [(run, others[number]) for number, run in own.items() if number in others]


def _compared(pairs: list[tuple[Run, Run]], resamples: int, seed: int) -> dict[str, Any]:
    """The difference of some pairs of runs, with its interval and its test."""
    apart = np.stack([one.drawn - other.drawn for one, other in pairs], axis=1)
    drawn = compare.over_seeds(apart, seed)
    arm, reference = [one.measure for one, _ in pairs], [other.measure for _, other in pairs]
    value, low, high = compare.difference(arm, reference, drawn)
    if len(pairs) > 1:
        test, p_value = "bootstrap", compare.bootstrap_p(drawn)
    elif arm[0].share and arm[0].templates is None:
        right, other = (one[0].statistics[:, 0] > 0 for one in (arm, reference))
        test, p_value = "mcnemar", compare.mcnemar(right, other)
    else:
        test, p_value = "randomization", compare.randomization(arm[0], reference[0], resamples, seed)
    row = {"value": value, "ci_low": low, "ci_high": high, "test": test, "p_value": p_value}
    return {**row, "detectable": compare.detectable(drawn)}


if __name__ == "__main__":
    main(evaluation_compare)
