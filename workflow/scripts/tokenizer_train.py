"""Train one tokenizer on a mix of languages.

Example:
    python workflow/scripts/tokenizer_train.py --name unigram-4k-universal --tokenizer out/tokenizer.json \
        --training out/training.parquet --settings '{"family": "unigram", "size": 4000, "mix": "universal"}' \
        results/corpus/catalogs/train/*.parquet

READS   results/corpus/{corpus}/train/{lang}.parquet of the mix's languages
WRITES  results/tokenizer/{tokenizer}/tokenizer.json and tokenizer_config.json, a folder that transformers
        loads; tokenizer.model beside them where SentencePiece trained it;
        results/tokenizer/{tokenizer}/training.parquet: the text of each language that was read
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lib import mixes, tokenizer_training
from lib.cli import UserError, main, settings
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.tokenizer import TRAINING
from lib.progress import Work
from lib.provenance import sha256

CHECKED = 2000  # training documents, evenly spaced, on which a tokenizer is checked


def train(
    name: Annotated[str, typer.Option(help="Name of the tokenizer.")],
    settings_text: Annotated[
        str,
        typer.Option(
            "--settings",
            help="JSON: family (bpe, unigram, bytebpe), size, mix; how the mix weighs its languages "
            "(temperature, weights or buckets), and its bytes_per_language.",
        ),
    ],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json to write; its companions go beside it.")],
    training: Annotated[Path, typer.Option(help="Table to write: what each language gave to the training.")],
    documents: Annotated[list[Path], typer.Argument(help="Training documents, one file per language.")],
    seed: Annotated[int, typer.Option(help="Seed of the mix.")] = 0,
) -> None:
    """Train one tokenizer on a mix of languages, and check that any text survives it."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    import sentencepiece

    chosen = settings(settings_text)
    family, size = chosen["family"], chosen["size"]
    if family not in tokenizer_training.FAMILIES:
        known = ", ".join(tokenizer_training.FAMILIES)
        raise UserError(f"tokenizer.grid: {family!r} is no family of tokenizers; choose from {known}")
    with Work("tokenizer_train", 3, "parts") as work:
        texts, rows = _mixed(documents, chosen, seed)
        work.advance(note=f"mixed {len(texts)} documents")
        sample = texts[:: max(1, len(texts) // CHECKED)]
        model = None
        if family in tokenizer_training.SENTENCEPIECE:
            model = sentencepiece.SentencePieceProcessor(
                model_proto=tokenizer_training.sentencepiece_model(texts, family, size)
            )
            trained = tokenizer_training.from_sentencepiece(model, family)
            if wrong := tokenizer_training.differences(model, trained, sample):
                raise ValueError(
                    f"{name} and SentencePiece differ on {len(wrong)} texts, the first {wrong[0]!r}"
                )
        else:
            trained = tokenizer_training.bytebpe(texts, size)
        work.advance(note=f"trained {trained.get_vocab_size()} pieces")
        if lost := tokenizer_training.damaged(trained, [*tokenizer_training.NASTY, *sample]):
            raise ValueError(f"{name} does not give back {len(lost)} texts, the first {lost[0]!r}")
        _publish(trained, model, tokenizer)
        work.advance(note="checked")
    facts = {"tokenizer": name, "family": family, "vocab_size": size, "mix": chosen["mix"]}
    rows = [{**facts, "sha256": sha256(tokenizer), **row} for row in rows]
    TRAINING.write(rows, training, inputs=documents, seed=seed)


def _mixed(documents, mix, seed):
    """The texts to train on, each as often as the mix wants it, and what was taken of each language."""
    texts_of = {}
    for path in documents:
        table = DOCUMENTS.read(path)
        if table.empty:
            raise UserError(f"{path}: no documents; take the language out of the mix in tokenizer.mixes")
        for lang, part in table.groupby("lang", sort=True):
            texts_of.setdefault(lang, []).extend(part["text"])
    limit = mix.get("bytes_per_language")
    for lang, texts in texts_of.items():
        octets = np.array([len(text.encode()) for text in texts])
        texts_of[lang] = [texts[i] for i in mixes.within(octets, limit, lang, seed)]
    lengths = {lang: np.array([len(text) for text in texts]) for lang, texts in sorted(texts_of.items())}
    characters = {lang: int(n.sum()) for lang, n in lengths.items()}
    times = mixes.copies(lengths, mixes.shares(characters, mix), seed)
    total = sum(int((lengths[lang] * times[lang]).sum()) for lang in lengths)
    mixed, rows = [], []
    for lang, n in lengths.items():
        for text, repeats in zip(texts_of[lang], times[lang], strict=True):
            mixed += [text] * int(repeats)
        read = int((n * times[lang]).sum())
        rows.append(
            {
                "lang": lang,
                "n_docs": len(n),
                "n_characters": int(n.sum()),
                "n_characters_read": read,
                "share": read / total,
            }
        )
    return mixed, rows


def _publish(trained, model, target):
    """Write all files into a folder beside the target, then put each in its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as partial:
        tokenizer_training.save(trained, Path(partial))
        if model is not None:
            (Path(partial) / "tokenizer.model").write_bytes(model.serialized_model_proto())
        for file in sorted(Path(partial).iterdir()):
            os.replace(file, target.parent / file.name)


if __name__ == "__main__":
    main(train)
