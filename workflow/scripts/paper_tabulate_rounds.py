"""Tabulate the rounds of self-improvement for LaTeX: one line per round and test, ways of decoding across.

Example:
    python workflow/scripts/paper_tabulate_rounds.py --output rounds.tex results/selfimprove/rounds.parquet

READS   results/selfimprove/rounds.parquet
WRITES  a LaTeX tabular (packages: booktabs)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.scores import ROUNDS
from lib.paper import labels, latex
from lib.progress import Work

ROUND = ["model", "task", "loop", "seed", "round"]
# What a round trained on: what is matched between loops, and what is not.
TRAINED = {"precision": r"right (\%)", "examples": "chains", "target_tokens": "target tokens"}


def tabulate_rounds(
    output: Annotated[Path, typer.Option(help="LaTeX file to write.")],
    rounds: Annotated[Path, typer.Argument(help="Scores of the self-improvement rounds.")],
) -> None:
    """Tabulate the rounds: how each is decoded, and what it trained on."""
    with Work("paper_tabulate_rounds", 1, "tables"):
        table = ROUNDS.read(rounds)
        trained = labels.shown(table[table["decoder"] == "selection"]).set_index([*ROUND, "metric"])["value"]
        table = labels.main_scores(table)
        decoders = labels.decoders(table.loc[table["round"] > 0, "decoder"])
        body, previous = [], None
        for words, part in table.groupby([*ROUND, "tested", "split"], sort=True):
            key = words[: len(ROUND)]
            if previous not in (None, key[:-1]):
                body.append(None)
            previous = key[:-1]
            digits = labels.METRICS[part["metric"].iloc[0]].digits
            shown = part.set_index("decoder").reindex(decoders)[["value", "ci_low", "ci_high"]]
            cells = [latex.escape(str(word)) for word in (*key, ", ".join(words[len(ROUND) :]))]
            cells += [latex.interval(*row, digits) for row in shown.itertuples(index=False)]
            for metric in TRAINED:
                known = trained.get((*key, metric))
                digits = labels.METRICS[metric].digits
                cells.append(latex.number(known, digits) if key[-1] else latex.NONE)
            body.append(cells)
        header = [*ROUND, "test", *(latex.escape(labels.decoder(name)) for name in decoders)]
        header += TRAINED.values()
        alignment = "lllrrl" + "r" * (len(decoders) + len(TRAINED))
        latex.write(latex.tabular(alignment, header, body), output)


if __name__ == "__main__":
    main(tabulate_rounds)
