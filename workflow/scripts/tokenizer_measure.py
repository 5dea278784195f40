"""Measure how well one tokenizer serves each language of a corpus.

Example:
    python workflow/scripts/tokenizer_measure.py --name unigram-4k-universal --corpus catalogs \
        --settings '{"family": "unigram", "mix": "universal"}' --reference eng_Latn \
        --tokenizer results/tokenizer/unigram-4k-universal/tokenizer.json \
        --metrics metrics.parquet --curves zipf.parquet results/corpus/catalogs/test/*.parquet

READS   a tokenizer.json; results/corpus/{corpus}/{split}/{lang}.parquet of every language of the corpus
WRITES  results/tokenizer/{tokenizer}/{corpus}/metrics.parquet: one row per language, metric and segmenter
        results/tokenizer/{tokenizer}/{corpus}/zipf.parquet: frequency by rank, and the two-regime fit;
        mul_Zyyy is all languages of the corpus together
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from lib import tokenizer_bytes, tokenizer_metrics, words, zipf
from lib.cli import UserError, main, settings
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.tokenizer import METRICS, ZIPF
from lib.intervals import bootstrap_ratio
from lib.progress import Work
from lib.tokenizer_engines import Encoder
from lib.tokenizer_metrics import Ratio

POOLED = "mul_Zyyy"  # all languages together; mul is ISO 639-2 for multiple languages


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
    documents: Annotated[list[Path], typer.Argument(help="Held-out documents, one file per language.")],
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of an interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
) -> None:
    """Measure how well one tokenizer serves each language of a corpus."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    from tokenizers import Tokenizer

    chosen = settings(settings_text)
    coder = Tokenizer.from_file(str(tokenizer))
    coder.no_truncation()
    coder.no_padding()
    encoder = Encoder(coder)
    facts = {
        "tokenizer": name,
        "family": chosen["family"],
        "vocab_size": coder.get_vocab_size(),
        "mix": chosen["mix"],
        "corpus": corpus,
    }
    with Work("tokenizer_measure", len(documents), "languages") as work:
        rows, counts, groups = [], {}, {}
        for path in documents:
            table = DOCUMENTS.read(path)
            if table.empty:
                raise UserError(f"{path}: no documents; take the language out of corpora.{corpus}.languages")
            lang = str(table["lang"].iloc[0])
            found, counts[lang], groups[lang] = _measure_language(encoder, table)
            rows += [{"lang": lang, **row} for row in found]
            work.advance(note=lang)
        rows += _premiums(groups, reference)
        rows = [{**facts, **_with_interval(row, resamples, seed)} for row in rows]
        said = ", ".join(f"{n} texts by {engine}" for engine, n in sorted(encoder.texts.items()))
        print(f"encoded {said}", file=sys.stderr)
        METRICS.write(rows, metrics, inputs=[tokenizer, *documents], seed=seed, encoded=dict(encoder.texts))
        if len(counts) > 1:
            counts[POOLED] = np.sum(list(counts.values()), axis=0)
        points = [{"tokenizer": name, "corpus": corpus, **point} for point in _curves(counts)]
        ZIPF.write(points, curves, inputs=[tokenizer, *documents], encoded=dict(encoder.texts))


def _measure_language(encoder: Encoder, table: pd.DataFrame) -> tuple[list[dict], np.ndarray, Counter]:
    """Rows of one language, the occurrences of each id, and the tokens of each group of documents."""
    texts = table["text"].tolist()
    encoded, pieces = encoder.encode(texts), encoder.table
    fragment = np.array([tokenizer_bytes.is_fragment(piece) for piece in pieces])
    document = np.repeat(np.arange(len(texts)), encoded.counts)
    ratios = tokenizer_metrics.text_ratios(
        tokens=encoded.counts,
        characters=np.array([len(text) for text in texts]),
        octets=np.array([len(text.encode()) for text in texts]),
        fragments=np.bincount(document, fragment[encoded.ids], len(texts)),
        unknown=encoded.unknown,
    )
    by_text = np.split(encoded.ids, np.cumsum(encoded.counts)[:-1])
    back = encoder.tokenizer.decode_batch([ids.tolist() for ids in by_text], skip_special_tokens=False)
    same = np.array([text == again for text, again in zip(texts, back, strict=True)])
    ratios["round_trip"] = Ratio(same, np.ones(len(texts)))
    counts = np.bincount(encoded.ids, minlength=len(pieces))
    efficiency = tokenizer_metrics.renyi_efficiency(counts)
    rows = [{"metric": metric, "ratio": ratio} for metric, ratio in ratios.items()]
    rows.append({"metric": "renyi_efficiency", "value": efficiency, "n_docs": len(texts)})
    for segmenter in words.segmenters(str(table["lang"].iloc[0])):
        ratios = _measure_words(encoder, texts, encoded, segmenter)
        for metric, ratio in ratios.items():
            name = metric + segmenter.suffix
            rows.append({"metric": name, "ratio": ratio, "segmenter": segmenter.name})
    groups: Counter = Counter()
    for group, tokens in zip(table["group_id"], encoded.counts, strict=True):
        groups[group] += int(tokens)
    return rows, counts, groups


def _measure_words(
    encoder: Encoder, texts: list[str], encoded: tokenizer_bytes.Encoded, segmenter: words.Segmenter
) -> dict[str, Ratio]:
    """Word metrics of one language by one segmenter; each distinct word is encoded alone once."""
    spans = [segmenter.spans(text) for text in texts]
    document, starts, ends = words.located(texts, spans)
    in_context = tokenizer_metrics.inner_cuts(encoded.cuts, 2 * starts, 2 * ends)
    taken = [words.alone(text, span) for text, found in zip(texts, spans, strict=True) for span in found]
    distinct, index = np.unique(np.array(taken, object), return_inverse=True)
    forms = distinct.tolist()
    skipped = [[(len(form) - len(form.lstrip(" ")), len(form))] for form in forms]
    _, first, last = words.located(forms, skipped)
    isolated = tokenizer_metrics.inner_cuts(encoder.encode(forms).cuts, 2 * first, 2 * last)
    return tokenizer_metrics.word_ratios(encoded.counts, document, in_context, isolated[index])


def _premiums(groups: dict[str, Counter], reference: str) -> list[dict[str, Any]]:
    """A row for each language that says what the reference says, if any but the reference does."""
    against = groups.get(reference, Counter())
    ratios = {lang: tokenizer_metrics.premium(tokens, against) for lang, tokens in groups.items()}
    rows = [
        {"lang": k, "metric": "premium", "ratio": ratio} for k, ratio in ratios.items() if ratio is not None
    ]
    return rows if len(rows) > 1 else []


def _with_interval(row: dict[str, Any], resamples: int, seed: int) -> dict[str, Any]:
    """The row as the table has it: a ratio as value, interval and counts."""
    full = {"segmenter": None, "n_words": None, "value": None, "ci_low": None, "ci_high": None, **row}
    ratio = full.pop("ratio", None)
    if ratio is not None:
        full["n_docs"] = len(ratio.denominators)
        if ratio.denominators.sum() > 0:
            interval = bootstrap_ratio(*ratio, resamples, seed)
            full |= {"value": interval.value, "ci_low": interval.low, "ci_high": interval.high}
        if full["segmenter"] is not None:
            full["n_words"] = int(ratio.denominators.sum())
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
