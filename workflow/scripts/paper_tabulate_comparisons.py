"""Tabulate tokenizers against a baseline for LaTeX: languages down, tokenizers across, with intervals.

Example:
    python workflow/scripts/paper_tabulate_comparisons.py --corpus catalogs --baseline smollm2-135m-q4_1 \
        --output comparisons.tex results/tokenizer/comparisons.parquet results/tokenizer/metrics.parquet

READS   results/tokenizer/comparisons.parquet, metrics.parquet
WRITES  a LaTeX tabular (packages: booktabs): tokens over those of the baseline, above the 95 % interval over
        documents
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main
from lib.contracts.tokenizer import COMPARISONS, METRICS
from lib.paper import labels, latex
from lib.progress import Work


def tabulate_comparisons(
    corpus: Annotated[str, typer.Option(help="Corpus that goes without saying, like catalogs.")],
    baseline: Annotated[str, typer.Option(help="Tokenizer that the others are compared with.")],
    output: Annotated[Path, typer.Option(help="LaTeX file to write.")],
    comparisons: Annotated[Path, typer.Argument(help="Tokenizers compared document by document.")],
    metrics: Annotated[Path, typer.Argument(help="Tokenizer metrics.")],
) -> None:
    """Tabulate tokenizers against a baseline for LaTeX: languages down, tokenizers across, with intervals."""
    with Work("paper_tabulate_comparisons", 1, "tables"):
        table = COMPARISONS.read(comparisons)
        table = table[table["baseline"] == baseline]
        order = [name for name in labels.tokenizers(METRICS.read(metrics)) if name != baseline]
        values = table.pivot(index=["corpus", "lang"], columns="tokenizer", values="value")
        texts = values.median(axis=1).sort_values(kind="stable").index
        names = labels.texts(texts, corpus)
        cells = table.set_index(["corpus", "lang", "tokenizer"])[["value", "ci_low", "ci_high"]]
        body = [
            [
                latex.escape(names[text]),
                *(latex.above(*cells.loc[(*text, name)], digits=3) for name in order),
            ]
            for text in texts
        ]
        header = ["", *(latex.stacked(labels.wrapped(name)) for name in order)]
        latex.write(latex.tabular("l" + "r" * len(order), header, body), output)


if __name__ == "__main__":
    main(tabulate_comparisons)
