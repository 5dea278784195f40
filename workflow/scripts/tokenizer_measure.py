"""Measure how well one tokenizer serves each language of a corpus.

Example:
    python workflow/scripts/tokenizer_measure.py --name unigram-4k-universal --corpus catalogs \
        --settings '{"family": "unigram", "mix": "universal"}' --reference eng_Latn \
        --tokenizer results/tokenizer/unigram-4k-universal/tokenizer.json \
        --metrics metrics.parquet --curves zipf.parquet --lorenz lorenz.parquet --lengths lengths.parquet \
        results/corpus/catalogs/test/*.parquet

READS   a tokenizer.json; results/corpus/{corpus}/{split}/{lang}.parquet of every language of the corpus
WRITES  results/tokenizer/{tokenizer}/{corpus}/metrics.parquet: one row per language, metric and segmenter
        results/tokenizer/{tokenizer}/{corpus}/zipf.parquet: frequency by rank, and the two-regime fit
        results/tokenizer/{tokenizer}/{corpus}/lorenz.parquet: what each language takes of all tokens for
        what all of them say; no rows where there is nothing that all say
        results/tokenizer/{tokenizer}/{corpus}/lengths.parquet: tokens of each document
        mul_Zyyy is all languages of the corpus together
"""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import typer

from lib import intervals, tokenizer_bytes, tokenizer_metrics, words, zipf
from lib.cli import UserError, main, settings
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.tokenizer import LENGTHS, LORENZ, METRICS, ZIPF
from lib.progress import Work
from lib.tokenizer_engines import Encoder
from lib.tokenizer_metrics import Ratio

POOLED = "mul_Zyyy"  # all languages together; mul is ISO 639-2 for multiple languages
EMPTY = dict.fromkeys(("segmenter", "n_words", "value", "ci_low", "ci_high"))  # what a row may lack


class Measured(NamedTuple):
    """What was measured in one language.

    Attributes:
        rows: of the table of metrics; a ratio has no value yet.
        counts: occurrences of each id.
        groups: tokens of each group of parallel documents.
        lengths: tokens and bytes of each document.
    """

    rows: list[dict[str, Any]]
    counts: np.ndarray
    groups: Counter
    lengths: pd.DataFrame


def measure(
    name: Annotated[str, typer.Option(help="Name of the tokenizer.")],
    corpus: Annotated[str, typer.Option(help="Name of the corpus.")],
    settings_text: Annotated[
        str,
        typer.Option(
            "--settings", help="JSON: family (bpe, unigram, bytebpe, wordpiece, pretrained), and mix or null."
        ),
    ],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json of the tokenizer.")],
    reference: Annotated[str, typer.Option(help="Language that premiums are against.")],
    metrics: Annotated[Path, typer.Option(help="Table of metrics to write.")],
    curves: Annotated[Path, typer.Option(help="Table of Zipf curves to write.")],
    lorenz: Annotated[Path, typer.Option(help="Table of Lorenz curves to write.")],
    lengths: Annotated[Path, typer.Option(help="Table of the tokens of each document to write.")],
    documents: Annotated[list[Path], typer.Argument(help="Held-out documents, one file per language.")],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of an interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
) -> None:
    """Measure how well one tokenizer serves each language of a corpus."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    chosen = settings(settings_text)
    coder = tokenizer_bytes.load(tokenizer)
    encoder = Encoder(coder)
    names = {"tokenizer": name, "corpus": corpus}
    facts = {
        **names,
        "family": chosen["family"],
        "vocab_size": coder.get_vocab_size(),
        "mix": chosen["mix"],
    }
    inputs = [tokenizer, *documents]
    with Work("tokenizer_measure", len(documents), "languages") as work:
        rows, found = [], {}
        for path in documents:
            table = DOCUMENTS.read(path)
            if table.empty:
                raise UserError(f"{path}: no documents; take the language out of corpora.{corpus}.languages")
            lang = str(table["lang"].iloc[0])
            found[lang] = measure_language(encoder, table, words.segmenters(lang))
            rows += [{"lang": lang, **row} for row in _valued(found[lang].rows, resamples, seed)]
            work.advance(note=lang)
        groups = {lang: measured.groups for lang, measured in found.items()}
        rows += _valued(_premiums(groups, reference), resamples, seed)
        unequal, curve = _inequality(groups, resamples, seed)
        said = ", ".join(f"{n} texts by {engine}" for engine, n in sorted(encoder.texts.items()))
        print(f"encoded {said}", file=sys.stderr)
        rows = [{**facts, **row} for row in rows + unequal]
        METRICS.write(rows, metrics, inputs=inputs, seed=seed, encoded=dict(encoder.texts))
        LORENZ.write([{**names, **row} for row in curve], lorenz, inputs=inputs)
        tokens = pd.concat([measured.lengths for measured in found.values()], ignore_index=True)
        LENGTHS.write(tokens.assign(**names), lengths, inputs=inputs)
        counts = {lang: measured.counts for lang, measured in found.items()}
        if len(counts) > 1:
            counts[POOLED] = np.sum(list(counts.values()), axis=0)
        ZIPF.write([{**names, **point} for point in _curves(counts)], curves, inputs=inputs)


def measure_language(encoder: Encoder, table: pd.DataFrame, segmenters: list[words.Segmenter]) -> Measured:
    """All that is measured in one language by itself.

    Args:
        encoder: the tokenizer.
        table: documents of the language.
        segmenters: what finds its words.
    """
    texts = table["text"].tolist()
    encoded, coder, known = encoder.encode(texts), encoder.tokenizer, encoder.known
    document = np.repeat(np.arange(len(texts)), encoded.counts)
    octets = np.array([len(text.encode()) for text in texts])
    ratios = tokenizer_metrics.text_ratios(
        tokens=encoded.counts,
        characters=np.array([len(text) for text in texts]),
        octets=octets,
        fragments=np.bincount(document, known.fragments[encoded.ids], len(texts)),
        unknown=encoded.unknown,
    )
    same = tokenizer_bytes.round_trips(coder, known, texts, encoded)
    ratios["round_trip"] = Ratio(same, np.ones(len(texts)))
    rows = [{"metric": metric, "ratio": ratio} for metric, ratio in ratios.items()]
    counts = np.bincount(encoded.ids, minlength=len(known.bytes))
    values = tokenizer_metrics.type_metrics(counts, coder.get_vocab_size())
    rows += [{"metric": metric, "value": value, "n_docs": len(texts)} for metric, value in values.items()]
    for segmenter in segmenters:
        ratios = _measure_words(encoder, encoded, octets, words.find(texts, segmenter))
        for metric, ratio in ratios.items():
            name = metric + segmenter.suffix
            rows.append({"metric": name, "ratio": ratio, "segmenter": segmenter.name})
    groups: Counter = Counter()
    for group, tokens in zip(table["group_id"].tolist(), encoded.counts.tolist(), strict=True):
        groups[group] += tokens
    lengths = table[["lang", "doc_id"]].assign(tokens=encoded.counts, bytes=octets)
    return Measured(rows, counts, groups, lengths)


def _measure_words(
    encoder: Encoder, encoded: tokenizer_bytes.Encoded, octets: np.ndarray, found: words.Words
) -> dict[str, Ratio]:
    """Word metrics of one language by one segmenter; each distinct word is encoded alone once."""
    starts, ends = 2 * found.starts, 2 * found.ends
    spaced = np.array([form.startswith(" ") for form in found.forms], bool)
    edges = 2 * np.concatenate([[0], np.cumsum(octets)])  # where one text ends and the next begins
    cuts = np.sort(np.concatenate([encoded.cuts, edges]), kind="stable")
    size = np.array([len(form.encode()) for form in found.forms], int)
    last = 2 * np.cumsum(size)
    isolated = tokenizer_metrics.inner_cuts(
        encoder.encode(found.forms).cuts, last - 2 * (size - spaced), last
    )
    in_context = tokenizer_metrics.inner_cuts(encoded.cuts, starts, ends)
    return tokenizer_metrics.word_ratios(
        encoded.counts,
        found.document,
        in_context=in_context,
        isolated=isolated[found.form],
        whole=tokenizer_metrics.whole_tokens(cuts, starts, ends, spaced[found.form], in_context),
    )


def _premiums(groups: dict[str, Counter], reference: str) -> list[dict[str, Any]]:
    """A row for each language that says what the reference says, if any but the reference does."""
    against = groups.get(reference, Counter())
    ratios = {lang: tokenizer_metrics.premium(tokens, against) for lang, tokens in groups.items()}
    rows = [
        {"lang": k, "metric": "premium", "ratio": ratio} for k, ratio in ratios.items() if ratio is not None
    ]
    return rows if len(rows) > 1 else []


def _inequality(
    groups: dict[str, Counter], resamples: int, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The row of the Gini coefficient, and the points of the Lorenz curve; none where nothing is parallel."""
    tokens = tokenizer_metrics.parallel(groups)
    if tokens is None:
        print("no Gini coefficient: there are no two languages, or nothing that all say", file=sys.stderr)
        return [], []
    draws = [
        tokenizer_metrics.gini(sample @ tokens)
        for sample in intervals.resamples_of(len(tokens), resamples, seed)
    ]
    low, high = intervals.ends(np.concatenate(draws))
    total = tokens.sum(0)
    facts = {"lang": POOLED, "metric": "gini", "n_docs": len(tokens), "ci_low": low, "ci_high": high}
    row = {**EMPTY, **facts, "value": float(tokenizer_metrics.gini(total))}
    curve, order = tokenizer_metrics.lorenz(total), np.argsort(total, kind="stable")
    points = [
        {
            "lang": list(groups)[index],
            "tokens": int(total[index]),
            "share_of_languages": (place + 1) / len(total),
            "share_of_tokens": float(curve[place]),
            "n_groups": len(tokens),
        }
        for place, index in enumerate(order)
    ]
    return [row], points


def _valued(rows: list[dict[str, Any]], resamples: int, seed: int) -> list[dict[str, Any]]:
    """The rows as the table has them: ratios as value, interval and counts.

    Ratios over equally many documents share their resamples, which are drawn once.
    """
    full = [{**EMPTY, **row} for row in rows]
    alike = defaultdict(list)
    for row in full:
        ratio = row.pop("ratio", None)
        if ratio is None:
            continue
        row["n_docs"] = len(ratio.denominators)
        if row["segmenter"] is not None:
            row["n_words"] = int(ratio.denominators.sum())
        if ratio.denominators.sum() > 0:
            alike[row["n_docs"]].append((row, ratio))
    for some in alike.values():
        ratios = [np.array(vectors) for vectors in zip(*(ratio for _, ratio in some), strict=True)]
        for (row, _), interval in zip(
            some, intervals.bootstrap_ratios(*ratios, resamples, seed), strict=True
        ):
            row |= {"value": interval.value, "ci_low": interval.low, "ci_high": interval.high}
    return full


def _curves(counts: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Points of each language's Zipf curve, with its fit or nulls."""
    points = []
    for lang, occurrences in counts.items():
        frequency = zipf.frequencies(occurrences)
        fit = zipf.fit(occurrences)
        law = dict.fromkeys(zipf.Fit._fields) if fit is None else fit._asdict()
        for rank in zipf.log_spaced_ranks(len(frequency)).tolist():
            points.append({"lang": lang, "rank": rank, "frequency": float(frequency[rank - 1]), **law})
    return points


if __name__ == "__main__":
    main(measure)
