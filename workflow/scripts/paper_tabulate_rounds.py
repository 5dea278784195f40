"""Tabulate the rounds of self-improvement for LaTeX: one line per round, ways of decoding across.

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


def tabulate_rounds(
    output: Annotated[Path, typer.Option(help="LaTeX file to write.")],
    rounds: Annotated[Path, typer.Argument(help="Scores of the self-improvement rounds.")],
) -> None:
    """Tabulate the rounds of self-improvement for LaTeX: one line per round, ways of decoding across."""
    with Work("paper_tabulate_rounds", 1, "tables"):
        table = labels.main_scores(ROUNDS.read(rounds))
        decoders = labels.decoders(table.loc[table["round"] > 0, "decoder"])
        body, previous = [], None
        key = ["model", "task", "loop", "seed", "round"]
        for words, part in table.groupby(key, sort=True):
            if previous not in (None, words[:-1]):
                body.append(None)
            previous = words[:-1]
            digits = labels.METRICS[part["metric"].iloc[0]].digits
            shown = part.set_index("decoder").reindex(decoders)[["value", "ci_low", "ci_high"]]
            cells = [latex.interval(*row, digits) for row in shown.itertuples(index=False)]
            body.append([*(latex.escape(str(word)) for word in words), *cells])
        header = [*key, *(latex.escape(labels.decoder(name)) for name in decoders)]
        latex.write(latex.tabular("lllrr" + "r" * len(decoders), header, body), output)


if __name__ == "__main__":
    main(tabulate_rounds)
