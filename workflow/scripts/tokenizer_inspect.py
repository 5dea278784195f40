"""Look into one tokenizer: what its vocabulary is made of, how it splits numbers, indentation and morphs.

Example:
    python workflow/scripts/tokenizer_inspect.py --name unigram-4k-universal \
        --settings '{"family": "unigram", "mix": "universal"}' --segmentations '{"fin_Latn": "finnish.tsv"}' \
        --tokenizer results/tokenizer/unigram-4k-universal/tokenizer.json \
        --vocabulary vocabulary.parquet --probes probes.parquet --morphs morphs.parquet

READS   a tokenizer.json; gold segmentations: lines of a word, a tab, and its morphs with spaces between
WRITES  results/tokenizer/{tokenizer}/vocabulary.parquet: tokens by script and kind
        results/tokenizer/{tokenizer}/probes.parquet: pieces of numbers and of indentation
        results/tokenizer/{tokenizer}/morphs.parquet: token boundaries against morph boundaries, for the
        languages that have gold segmentations
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from lib import intervals
from lib.cli import UserError, main, settings
from lib.contracts.tokenizer import MORPHS, PROBES, VOCABULARY
from lib.progress import Work
from lib.tokenizer import morphology, probes, token_bytes, vocabulary
from lib.tokenizer.token_bytes import BYTE_PIECE, Pieces

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def inspect(
    name: Annotated[str, typer.Option(help="Name of the tokenizer.")],
    settings_text: Annotated[
        str,
        typer.Option("--settings", help="JSON: family (bpe, unigram, bytebpe, pretrained), and mix or null."),
    ],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json of the tokenizer.")],
    composition: Annotated[Path, typer.Option("--vocabulary", help="Table of the vocabulary to write.")],
    probes: Annotated[Path, typer.Option(help="Table of probes to write.")],
    morphs: Annotated[Path, typer.Option(help="Table of morph boundaries to write.")],
    segmentations: Annotated[str, typer.Option(help="JSON: file of gold segmentations by language.")] = "{}",
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of an interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
) -> None:
    """Look into one tokenizer: its vocabulary, and how it splits numbers, indentation and morphs."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    files = {lang: Path(path) for lang, path in sorted(settings(segmentations).items())}
    gold = {lang: _read(lang, path) for lang, path in files.items()}
    chosen = settings(settings_text)
    coder = token_bytes.load(tokenizer)
    known = token_bytes.pieces(coder)
    facts = {
        "tokenizer": name,
        "family": chosen["family"],
        "vocab_size": coder.get_vocab_size(),
        "mix": chosen["mix"],
    }
    with Work("tokenizer_inspect", 2 + len(gold), "tables and languages") as work:
        rows = [{**facts, **row} for row in _composition(coder, known)]
        VOCABULARY.write(rows, composition, inputs=[tokenizer])
        work.advance(note="vocabulary")
        rows = [{**facts, **row} for row in _probes(coder, known)]
        PROBES.write(rows, probes, inputs=[tokenizer])
        work.advance(note="probes")
        rows = []
        for lang, words in gold.items():
            rows += [{**facts, **row} for row in _morphs(coder, known, lang, words, resamples, seed)]
            work.advance(note=lang)
        MORPHS.write(rows, morphs, inputs=[tokenizer, *files.values()], seed=seed)


def _read(lang: str, path: Path) -> morphology.Gold:
    """Gold segmentations of a language."""
    try:
        gold = morphology.parse(path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise UserError(f"tokenizer.morphs.{lang}: {path}: {error}") from None
    if not gold.words:
        raise UserError(
            f"tokenizer.morphs.{lang}: {path}: no word whose morphs, one after the other, spell it"
        )
    return gold


def _composition(coder: Tokenizer, known: Pieces) -> list[dict[str, Any]]:
    """Rows of the vocabulary. Where the bytes of a token are not known, what it decodes to stands for it."""
    added = json.loads(coder.to_str())["added_tokens"]
    special = {token["id"] for token in added if token["special"]} | {known.unknown}
    vocab = {index: piece for piece, index in coder.get_vocab().items()}
    plain = {index: piece for index, piece in vocab.items() if index not in special}
    fallback = [index for index, piece in plain.items() if BYTE_PIECE.fullmatch(piece)]
    pieces = [
        coder.decode([index], skip_special_tokens=False).encode()
        if known.bytes[index] is None
        else known.bytes[index]
        for index in sorted(plain.keys() - set(fallback))
    ]
    counts = vocabulary.composition(pieces, len(fallback), len(vocab) - len(plain))
    return [{"part": part, "tokens": count, "share": count / len(vocab)} for part, count in counts.items()]


def _probes(coder: Tokenizer, known: Pieces) -> list[dict[str, Any]]:
    """Rows of the probes."""
    rows = []
    for name, probe in probes.probes().items():
        spans = zip(probe.starts, probe.ends, _cuts(coder, known, probe.texts), strict=True)
        found = Counter(probes.split(start, end, cuts) for start, end, cuts in spans)
        commonest = min(found, key=lambda split: (-found[split], split))
        pieces = sum((split.count("+") + 1) * times for split, times in found.items())
        rows.append(
            {
                "probe": name,
                "pieces": pieces / found.total(),
                "commonest": commonest,
                "commonest_share": found[commonest] / found.total(),
                "n": found.total(),
            }
        )
    return rows


def _cuts(coder: Tokenizer, known: Pieces, texts: list[str]) -> list[list[float]]:
    """Token boundaries of each text in bytes from its start; inside a character a half."""
    cuts = token_bytes.encode(coder, known, texts).cuts / 2
    ends = np.cumsum([len(text.encode()) for text in texts])
    parts = np.split(cuts, np.searchsorted(cuts, ends[:-1]))
    starts = [0, *ends[:-1].tolist()]
    return [[cut - start for cut in part.tolist()] for start, part in zip(starts, parts, strict=True)]


def _morphs(
    coder: Tokenizer, known: Pieces, lang: str, gold: morphology.Gold, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """Rows of a language. A word is met after a space, unless its script puts none between words."""
    space = "" if lang.split("_")[1] in morphology.SPACELESS else " "
    cuts = _cuts(coder, known, [space + word for word, _ in gold.words])
    predicted = [{cut - len(space) for cut in found if cut > len(space)} for found in cuts]
    wanted = [set(morphology.gold_boundaries(morphs)) for _, morphs in gold.words]
    rows = []
    for metric, ratio in morphology.scores(wanted, predicted).items():
        interval = dict.fromkeys(intervals.Interval._fields)
        if ratio.denominators.sum():
            interval = intervals.bootstrap_ratio(*ratio, resamples, seed)._asdict()
        rows.append(
            {
                "lang": lang,
                "metric": metric,
                "value": interval["value"],
                "ci_low": interval["low"],
                "ci_high": interval["high"],
                "n_words": len(gold.words),
                "n_boundaries": sum(map(len, wanted)),
                "n_left_out": gold.left_out,
            }
        )
    return rows


if __name__ == "__main__":
    main(inspect)
