"""Train one tokenizer on a mix of languages.

Example:
    python workflow/scripts/tokenizer_train.py --name unigram-4k-universal --tokenizer out/tokenizer.json \
        --training out/training.parquet --settings \
        '{"family": "unigram", "size": 4000, "mix": "universal", "temperature": 2, "max_bytes": 60000000}' \
        results/corpus/catalogs/train/*.parquet

READS   results/corpus/{corpus}/train/{lang}.parquet of the mix's languages
        results/tokenizer/merges/{mix}/merges.parquet, mixed.parquet (byte-level BPE)
WRITES  results/tokenizer/{tokenizer}/tokenizer.json and tokenizer_config.json, a folder that transformers
        loads; tokenizer.model beside them where SentencePiece trained it;
        results/tokenizer/{tokenizer}/training.parquet: the text of each language that was read
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lib.cli import UserError, main, settings
from lib.contracts.tokenizer import MERGES, MIXED, TRAINING
from lib.progress import Work
from lib.provenance import sha256
from lib.tokenizer import mixed_text, trainers

CHECKED = 2000  # training documents on which a tokenizer is checked


def train(
    name: Annotated[str, typer.Option(help="Name of the tokenizer.")],
    settings_text: Annotated[
        str,
        typer.Option(
            "--settings",
            help="JSON: family (bpe, unigram, bytebpe, wordpiece), size, mix; how the mix weighs its "
            "languages (temperature, weights or buckets), its bytes_per_language, and max_bytes.",
        ),
    ],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json to write; its companions go beside it.")],
    training: Annotated[Path, typer.Option(help="Table to write: what each language gave to the training.")],
    documents: Annotated[list[Path], typer.Argument(help="Training documents, one file per language.")],
    merges: Annotated[Path | None, typer.Option(help="Merges that bytebpe takes its first from.")] = None,
    mixed: Annotated[Path | None, typer.Option(help="What was read to learn these merges.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the mix.")] = 0,
) -> None:
    """Train one tokenizer on a mix of languages, and check that any text survives it."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    import sentencepiece

    chosen = settings(settings_text)
    family, size = chosen["family"], chosen["size"]
    if family not in trainers.FAMILIES:
        known = ", ".join(trainers.FAMILIES)
        raise UserError(f"tokenizer.grid: {family!r} is no family of tokenizers; choose from {known}")
    if family == "bytebpe" and (merges is None or mixed is None):
        raise UserError("--merges, --mixed: bytebpe needs both; tokenizer_merges.py writes them")
    with Work("tokenizer_train", 3, "parts") as work:
        sample = mixed_text.examples(documents, CHECKED)
        model = None
        if family == "bytebpe":
            rows = MIXED.read(mixed).to_dict("records")
            table = MERGES.read(merges)
            pairs = list(zip(table["left"], table["right"], strict=True))
            trained = trainers.bytebpe_of(pairs, size)
        else:
            text = mixed_text.mix(documents, chosen, seed)
            rows = text.rows
            work.advance(note="mixed")
            if family == "wordpiece":
                trained = trainers.wordpiece(lambda: text, size)
            else:
                model = sentencepiece.SentencePieceProcessor(
                    model_proto=trainers.sentencepiece_model(text, family, size)
                )
                trained = trainers.from_sentencepiece(model, family)
                if wrong := trainers.differences(model, trained, sample):
                    raise ValueError(
                        f"{name} and SentencePiece differ on {len(wrong)} texts, the first {wrong[0]!r}"
                    )
        work.advance(note=f"trained {trained.get_vocab_size()} pieces")
        lost = trainers.damaged(trained, [*trainers.NASTY, *sample])
        if lost and family in trainers.LOSSLESS:
            raise ValueError(f"{name} does not give back {len(lost)} texts, the first {lost[0]!r}")
        trainers.publish(tokenizer, _writer(trained, model))
        work.advance(note="checked")
    facts = {"tokenizer": name, "family": family, "vocab_size": size, "mix": chosen["mix"]}
    rows = [{**facts, "sha256": sha256(tokenizer), **row} for row in rows]
    learnt = [merges, mixed] if family == "bytebpe" else []
    TRAINING.write(rows, training, inputs=[*documents, *learnt], seed=seed)


def _writer(trained, model):
    """What writes all files of a tokenizer into a folder."""

    def write(folder: Path) -> None:
        trainers.save(trained, folder)
        if model is not None:
            (folder / "tokenizer.model").write_bytes(model.serialized_model_proto())

    return write


if __name__ == "__main__":
    main(train)
