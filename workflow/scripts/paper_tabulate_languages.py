"""Tabulate one tokenizer metric for LaTeX: languages down, tokenizers across.

Example:
    python workflow/scripts/paper_tabulate_languages.py --corpus catalogs --metric premium \
        --output premium.tex results/tokenizer/metrics.parquet

READS   results/tokenizer/metrics.parquet
WRITES  a LaTeX tabular (packages: booktabs)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import METRICS
from lib.paper import labels, latex
from lib.progress import Work


def tabulate_languages(
    corpus: Annotated[str, typer.Option(help="Corpus that goes without saying, like catalogs.")],
    metric: Annotated[str, typer.Option(help="Metric to show, like premium.")],
    output: Annotated[Path, typer.Option(help="LaTeX file to write.")],
    metrics: Annotated[Path, typer.Argument(help="Tokenizer metrics.")],
) -> None:
    """Tabulate one tokenizer metric for LaTeX: languages down, tokenizers across."""
    with Work("paper_tabulate_languages", 1, "tables"):
        table = METRICS.read(metrics)
        order = labels.tokenizers(table)
        rows = table[table["metric"] == metric].dropna(subset="value")
        values = rows.pivot(index=["corpus", "lang"], columns="tokenizer", values="value")
        values.index = values.index.map(labels.texts(values.index, corpus))
        values = values.reindex(columns=order)
        values = values.loc[values.median(axis=1).sort_values(kind="stable").index]
        body = [[latex.escape(name), *(latex.number(x, 2) for x in row)] for name, row in values.iterrows()]
        header = ["", *(latex.stacked(labels.wrapped(name)) for name in order)]
        latex.write(latex.tabular("l" + "r" * len(order), header, body), output)


if __name__ == "__main__":
    main(tabulate_languages)
