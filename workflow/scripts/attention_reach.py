"""Measure how far attention reaches, per layer and head, in several domains.

Example:
    python workflow/scripts/attention_reach.py --model results/model/smollm2-135m-q4_1 \
        --name smollm2-135m-q4_1 --tokens 256 --windows 32 --first-query 64 --sinks 4 \
        --sink-threshold 0.05 --domains '{
            "code": {"corpus": "python", "files": ["results/corpus/python/test/zxx_Zyyy.parquet"]},
            "translation": {"corpus": "catalogs", "files": [
                "results/corpus/catalogs/test/eng_Latn.parquet",
                "results/corpus/catalogs/test/fra_Latn.parquet"]}}' \
        --reach reach.parquet

READS   a model folder; documents (contract corpus.DOCUMENTS), one file for a domain, or parallel
        files, whose documents of one group are put together, a line each; one of each group
WRITES  reach, sink share and what even attention would reach (contract attention.REACH), with
        intervals over windows; no group is in two windows
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from lib.attention.windows import pack, texts_of_groups
from lib.cli import UserError, main, settings
from lib.contracts.attention import REACH
from lib.contracts.corpus import DOCUMENTS
from lib.intervals import Interval, bootstrap_mean, bootstrap_ratio
from lib.progress import Work


def attention_reach(
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    name: Annotated[str, typer.Option(help="Name of the model in the table.")],
    domains: Annotated[
        str, typer.Option(help="JSON or a JSON file: for each domain its corpus and its files of documents.")
    ],
    tokens: Annotated[int, typer.Option(help="Length of a window in tokens, the same for all domains.")],
    windows: Annotated[int, typer.Option(help="Windows per domain.")],
    first_query: Annotated[int, typer.Option(help="Positions of a window that are only looked at.")],
    sinks: Annotated[int, typer.Option(help="Keys at the start of a window that count as sinks.")],
    sink_threshold: Annotated[
        float, typer.Option(help="Share of a layer's attention above which any key counts as a sink.")
    ],
    reach: Annotated[Path, typer.Option(help="Table to write.")],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the choice of documents and of the bootstrap.")] = 0,
    dtype: Annotated[str, typer.Option(help="Type of the weights: auto, float32 or bfloat16.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
) -> None:
    """Measure how far attention reaches, per layer and head, in several domains."""
    if not 1 <= sinks <= first_query < tokens:
        raise UserError(
            f"--sinks {sinks}, --first-query {first_query}, --tokens {tokens}: "
            "these must rise, so that each query has a key that is no sink; mend attention in the config"
        )
    texts = {domain: _texts(domain, block, seed) for domain, block in settings(domains).items()}

    from lib.attention.probe import measure
    from lib.attention.reach import Rule
    from lib.models import lm

    network, tokenizer = lm.load(model, None, dtype, threads)
    longest = getattr(network.config.get_text_config(), "max_position_embeddings", None)
    if longest is not None and tokens > longest:
        raise UserError(f"--tokens {tokens}: {model} reads at most {longest} tokens; lower attention/tokens")
    rows: list[dict[str, Any]] = []
    with Work("attention_reach", windows * len(texts), "windows") as work:
        for domain, (corpus, lang, documents) in texts.items():
            try:
                packed = pack(tokenizer, documents, tokens, windows, seed)
            except ValueError as error:
                raise UserError(f"{model}: {error}") from None
            if (found := len(packed.ids)) < windows:
                raise UserError(
                    f"attention/domains/{domain}: {len(documents)} groups of corpus {corpus} ({lang}) "
                    f"fill {found} of {windows} windows of {tokens} tokens; "
                    "lower attention/windows or attention/tokens, or take a larger corpus"
                )
            sums = measure(network, packed, Rule(first_query, sinks, sink_threshold), work.advance)
            key = {"model": name, "arm": "base", "round": 0, "corpus": corpus, "domain": domain, "lang": lang}
            rows += [
                {**key, **row, "n_docs": windows}
                for layer in sums
                for row in _statistics(layer, sums[layer], resamples, seed)
            ]
        rows.sort(key=lambda row: [row[column] for column in REACH.key])
        REACH.write(
            rows,
            reach,
            inputs=[Path(file) for block in settings(domains).values() for file in block["files"]],
            seed=seed,
            threads=threads,
            dtype=str(network.dtype),
            tokens=tokens,
            first_query=first_query,
            sinks=sinks,
            sink_threshold=sink_threshold,
        )


def _texts(domain: str, block: dict[str, Any], seed: int) -> tuple[str, str, list[str]]:
    """Corpus, language and texts of a domain."""
    frames = [DOCUMENTS.read(Path(file)) for file in block["files"]]
    if any(frame.empty for frame in frames):
        raise UserError(f"attention/domains/{domain}: no documents in {', '.join(block['files'])}")
    lang = ">".join(frame["lang"].iloc[0] for frame in frames)
    return block["corpus"], lang, texts_of_groups(frames, seed)


def _statistics(layer: int, sums: dict[str, np.ndarray], resamples: int, seed: int) -> list[dict[str, Any]]:
    """The rows of one layer, of which the windows' sums are given; see lib.attention.reach."""
    rows = []

    def add(head: int, unit: str, statistic: str, interval: Interval) -> None:
        value, low, high = interval
        row = {"layer": layer, "head": head, "unit": unit, "statistic": statistic}
        rows.append({**row, "value": value, "ci_low": low, "ci_high": high})

    null = {unit: bootstrap_mean(sums[f"null_{unit}"], resamples, seed) for unit in ("token", "char")}
    sink_keys = bootstrap_mean(sums["sink_keys"], resamples, seed)
    for head in range(sums["mass"].shape[1]):
        sink, mass = sums["sink"][:, head], sums["mass"][:, head]
        add(head, "token", "sink_share", bootstrap_ratio(sink, sink + mass, resamples, seed))
        add(head, "token", "sink_keys", sink_keys)
        for unit in ("token", "char"):
            add(head, unit, "reach", bootstrap_ratio(sums[unit][:, head], mass, resamples, seed))
            add(head, unit, "null_reach", null[unit])
    return rows


if __name__ == "__main__":
    main(attention_reach)
