"""Tell how a loop went, round by round: scores on its tests, what it trained on, and what it forgot.

Example:
    python workflow/scripts/selfimprove_tabulate.py --resamples 1000 --seed 0 --rounds rounds.parquet \
        --cell '{"model": "m", "task": "arithmetic", "loop": "sure", "filter": "confidence", "seed": 0}' \
        --selected round-1/selected.parquet --selected round-2/selected.parquet \
        --steps round-1/steps.parquet --steps round-2/steps.parquet \
        --held-out round-0/held_out.parquet --held-out round-1/held_out.parquet \
        --held-out round-2/held_out.parquet \
        start/scores.parquet round-1/scores.parquet round-2/scores.parquet

READS   scores of the start adapter and of each round (contract scores.SCORES), of one test or several;
        selected chains and training steps of each round (selected.SELECTED, lora.STEPS); bits of held-out
        documents of the start adapter and of each round (held_out.BITS), or none
WRITES  rounds of one loop (contract scores.ROUNDS), up to the first whose training failed
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from lib.cli import main, settings
from lib.contracts.held_out import BITS
from lib.contracts.lora import STEPS
from lib.contracts.scores import ROUNDS, SCORES
from lib.contracts.selected import SELECTED
from lib.intervals import Interval, bootstrap_ratio, share
from lib.progress import Work
from lib.seeds import derive

DOCUMENT = ["corpus", "lang", "doc_id"]


def selfimprove_tabulate(
    cell: Annotated[str, typer.Option(help="The loop: JSON with model, task, loop, filter and seed.")],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples over documents.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")],
    rounds: Annotated[Path, typer.Option(help="Table of rounds to write.")],
    selected: Annotated[list[Path], typer.Option(help="Tables of selected chains, round 1 first.")],
    steps: Annotated[list[Path], typer.Option(help="Tables of training steps, round 1 first.")],
    scores: Annotated[
        list[Path],
        typer.Argument(help="Tables of scores: all tests of the start adapter, then of each round."),
    ],
    held_out: Annotated[
        list[Path] | None, typer.Option(help="Bits of held-out documents, the start adapter first.")
    ] = None,
) -> None:
    """Put all that is known of a loop's rounds into one table."""
    names = settings(cell)
    tests = len(scores) // (len(selected) + 1)
    with Work("selfimprove_tabulate", len(selected) + 1, "rounds"):
        rows: list[dict[str, Any]] = []
        for place, path in enumerate(scores):
            for row in SCORES.read(path).to_dict("records"):
                kept = {key: row[key] for key in ROUNDS.columns if key in row}
                rows.append({**kept, **names, "round": place // tests, "tested": row["task"]})
        for number, (chains, trained) in enumerate(zip(selected, steps, strict=True), 1):
            rows += [{**names, "round": number, **row} for row in _selection(chains, trained)]
        start: pd.Series | None = None
        for number, path in enumerate(held_out or []):
            documents = BITS.read(path).set_index(DOCUMENT)
            if documents.empty:
                break
            start = documents["bits"] if start is None else start
            rows += [
                {**names, "round": number, **row}
                for row in _reading(documents, start, resamples, derive(seed, "bootstrap"))
            ]
        sources = [*scores, *selected, *steps, *(held_out or [])]
        ROUNDS.write(rows, rounds, inputs=sources, seed=seed)


def _selection(selected: Path, steps: Path) -> Iterator[dict[str, Any]]:
    """What a round chose and trained on; nothing where there was no model to choose from."""
    chains = SELECTED.read(selected)
    if chains.empty:
        return
    row = {"tested": None, "split": None, "decoder": "selection", "n_items": len(chains)}
    yield row | _interval("precision", share(chains["correct"]), "items")
    tokens = STEPS.read(steps)["target_tokens"]
    trained = None if tokens.empty else int(tokens.sum())
    for metric, count in {"examples": len(chains), "target_tokens": trained}.items():
        yield row | _interval(metric, Interval(count, None, None), "none")


def _reading(
    documents: pd.DataFrame, start: pd.Series, resamples: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Bits per byte of each corpus, and their change from the start adapter on the same documents."""
    for corpus, part in documents.dropna(subset="bits").groupby("corpus"):
        row = {"tested": corpus, "split": None, "decoder": "reading", "n_items": len(part)}
        values = {"bits_per_byte": part["bits"], "bits_per_byte_change": part["bits"] - start.loc[part.index]}
        for metric, bits in values.items():
            found = bootstrap_ratio(bits.to_numpy(), part["bytes"].to_numpy(), resamples, seed)
            yield row | _interval(metric, found, "documents")


def _interval(metric: str, found: Interval, over: str) -> dict[str, Any]:
    ends = {"ci_low": found.low, "ci_high": found.high, "interval_over": over}
    return {"metric": metric, "value": found.value, **ends}


if __name__ == "__main__":
    main(selfimprove_tabulate)
