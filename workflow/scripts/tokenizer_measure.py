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
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import typer

from lib import intervals
from lib.cli import UserError, main, settings
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.tokenizer import LENGTHS, LORENZ, METRICS, ZIPF
from lib.progress import Work
from lib.tokenizer import distribution, fairness, token_bytes, words, zipf
from lib.tokenizer.engines import Encoder
from lib.tokenizer.parts import Parts
from lib.tokenizer.ratios import Cuts, Ratio, text_ratios, whole_tokens, word_ratios

POOLED = "mul_Zyyy"  # all languages together; mul is ISO 639-2 for multiple languages
BLOCK = 8_000_000  # bytes of text that are measured at a time, which bounds the memory
EMPTY = dict.fromkeys(("segmenter", "n_words", "value", "ci_low", "ci_high"))  # what a row may lack


class Measured(NamedTuple):
    """What was measured in one language.

    Attributes:
        rows: of the table of metrics; a ratio has no value yet.
        counts: occurrences of each id.
        lengths: tokens and bytes of each document, and the group of parallel ones that it is in.
    """

    rows: list[dict[str, Any]]
    counts: np.ndarray
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
    segmenters: Annotated[
        str, typer.Option(help="JSON: by name, what finds words beside ICU: languages, package, function.")
    ] = "{}",
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of an interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
) -> None:
    """Measure how well one tokenizer serves each language of a corpus."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    chosen, beside = settings(settings_text), settings(segmenters)
    coder = token_bytes.load(tokenizer)
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
            some = blocks(path)
            first = next(some, None)
            if first is None:
                raise UserError(f"{path}: no documents; take the language out of corpora.{corpus}.languages")
            lang = first["lang"][0].as_py()
            found[lang] = measure_language(encoder, chain([first], some), words.segmenters(lang, beside))
            rows += [{"lang": lang, **row} for row in _valued(found[lang].rows, resamples, seed)]
            work.advance(note=lang)
        tokens = pd.concat([measured.lengths for measured in found.values()], ignore_index=True)
        said = fairness.said(tokens)
        rows += _valued(_premiums(said, reference), resamples, seed)
        unequal, curve = _inequality(said, resamples, seed)
        engines = ", ".join(f"{n} texts by {engine}" for engine, n in sorted(encoder.texts.items()))
        print(f"encoded {engines}", file=sys.stderr)
        rows = [{**facts, **row} for row in rows + unequal]
        METRICS.write(rows, metrics, inputs=inputs, seed=seed, encoded=dict(encoder.texts))
        LORENZ.write([{**names, **row} for row in curve], lorenz, inputs=inputs)
        LENGTHS.write(tokens.drop(columns="group_id").assign(**names), lengths, inputs=inputs)
        counts = {lang: measured.counts for lang, measured in found.items()}
        if len(counts) > 1:
            counts[POOLED] = np.sum(list(counts.values()), axis=0)
        ZIPF.write([{**names, **point} for point in _curves(counts)], curves, inputs=inputs)


def blocks(path: Path) -> Iterator[pa.RecordBatch]:
    """The documents of a file, some at a time: 8 MB of text, or one document that is longer."""
    for batch in DOCUMENTS.batches(path, "lang", "doc_id", "group_id", "text"):
        before = np.cumsum(pc.binary_length(batch["text"]).to_numpy(), dtype=np.int64) // BLOCK
        edges = [0, *(np.flatnonzero(np.diff(before)) + 1).tolist(), len(batch)]
        for start, end in pairwise(edges):
            yield batch.slice(start, end - start)


def measure_language(
    encoder: Encoder, documents: Iterable[pa.RecordBatch], segmenters: list[words.Segmenter]
) -> Measured:
    """All that is measured in one language by itself.

    Args:
        encoder: the tokenizer.
        documents: those of the language, some at a time, at least one.
        segmenters: what finds its words.
    """
    counts = np.zeros(len(encoder.known.bytes), int)
    lengths, of_texts, of_words = [], [], defaultdict(list)
    for block in documents:
        parts = encoder.parts(block["text"])
        encoded = encoder.encode(parts.forms)
        of_texts.append(_measure_texts(encoder, encoded, parts))
        for segmenter in segmenters:
            found = words.find(parts.forms, segmenter)
            of_words[segmenter].append(_measure_words(encoder, encoded, parts, found))
        times = np.repeat(parts.occurrences(), encoded.counts)
        counts += np.bincount(encoded.ids, times, len(counts)).astype(int)
        names = block.select(["lang", "doc_id", "group_id"]).to_pandas()
        tokens, octets = parts.total(encoded.counts), parts.total(encoded.octets)
        lengths.append(names.assign(tokens=tokens, bytes=octets))
    rows = [{"metric": metric, "ratio": ratio} for metric, ratio in _joined(of_texts)]
    values = distribution.type_metrics(counts, encoder.tokenizer.get_vocab_size())
    n = sum(map(len, lengths))
    rows += [{"metric": metric, "value": value, "n_docs": n} for metric, value in values.items()]
    rows += [
        {"metric": metric + segmenter.suffix, "ratio": ratio, "segmenter": segmenter.name}
        for segmenter, ratios in of_words.items()
        for metric, ratio in _joined(ratios)
    ]
    return Measured(rows, counts, pd.concat(lengths, ignore_index=True))


def _joined(parts: list[dict[str, Ratio]]) -> list[tuple[str, Ratio]]:
    """The ratios by metric of all parts of a text."""
    return [
        (metric, Ratio(*map(np.concatenate, zip(*(part[metric] for part in parts), strict=True))))
        for metric in parts[0]
    ]


def _measure_texts(encoder: Encoder, encoded: token_bytes.Encoded, parts: Parts) -> dict[str, Ratio]:
    """Metrics of some texts that need no words."""
    form = np.repeat(np.arange(len(parts.forms)), encoded.counts)
    ratios = text_ratios(
        tokens=encoded.counts,
        characters=pc.utf8_length(parts.forms).to_numpy(),
        octets=encoded.octets,
        fragments=np.bincount(form, encoder.known.fragments[encoded.ids], len(parts.forms)),
        unknown=encoded.unknown,
    )
    same = token_bytes.round_trips(encoder.tokenizer, encoder.known, parts.forms, encoded)
    trips = Ratio(parts.total(~same) == 0, np.ones(len(parts.first) - 1))
    return {metric: parts.ratio(ratio) for metric, ratio in ratios.items()} | {"round_trip": trips}


def _measure_words(
    encoder: Encoder, encoded: token_bytes.Encoded, parts: Parts, found: words.Words
) -> dict[str, Ratio]:
    """Word metrics of some texts by one segmenter; each distinct word is encoded alone once."""
    starts, ends = 2 * found.starts, 2 * found.ends
    edges = 2 * np.concatenate([[0], np.cumsum(encoded.octets)])  # where one part ends and the next begins
    cuts = Cuts(np.concatenate([encoded.cuts, edges]), edges[-1])
    in_context = cuts.inside(starts, ends)
    # A word that is all of a part is met alone there already.
    spaced = np.zeros(len(found.forms), bool)
    spaced[found.form] = found.spaced
    isolated = np.full(len(found.forms), -1)
    by_itself = found.ends - found.starts + found.spaced == encoded.octets[found.document]
    isolated[found.form[by_itself]] = in_context[by_itself]
    others = np.flatnonzero(isolated < 0)
    alone = encoder.encode(found.forms.take(pa.array(others)))
    last = 2 * np.cumsum(alone.octets)
    inside = Cuts(alone.cuts, last[-1] if len(last) else 0).inside
    isolated[others] = inside(last - 2 * (alone.octets - spaced[others]), last)
    ratios = word_ratios(
        encoded.counts,
        found.document,
        in_context=in_context,
        isolated=isolated[found.form],
        whole=whole_tokens(cuts, starts, ends, found.spaced, in_context),
    )
    return {metric: parts.ratio(ratio) for metric, ratio in ratios.items()}


def _premiums(said: pd.DataFrame, reference: str) -> list[dict[str, Any]]:
    """A row for each language that says what the reference says, if any but the reference does."""
    ratios = {lang: fairness.premium(said, lang, reference) for lang in said}
    rows = [
        {"lang": k, "metric": "premium", "ratio": ratio} for k, ratio in ratios.items() if ratio is not None
    ]
    return rows if len(rows) > 1 else []


def _inequality(
    said: pd.DataFrame, resamples: int, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The row of the Gini coefficient, and the points of the Lorenz curve; none where nothing is parallel."""
    tokens = fairness.parallel(said)
    if tokens is None:
        print("no Gini coefficient: there are no two languages, or nothing that all say", file=sys.stderr)
        return [], []
    draws = [
        fairness.gini(sample @ tokens) for sample in intervals.resamples_of(len(tokens), resamples, seed)
    ]
    low, high = intervals.ends(np.concatenate(draws))
    total = tokens.sum(0)
    facts = {"lang": POOLED, "metric": "gini", "n_docs": len(tokens), "ci_low": low, "ci_high": high}
    row = {**EMPTY, **facts, "value": float(fairness.gini(total))}
    curve, order = fairness.lorenz(total), np.argsort(total, kind="stable")
    points = [
        {
            "lang": said.columns[index],
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
