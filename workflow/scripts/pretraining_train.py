"""Train a model on text: one model, one arm, one seed.

Example:
    python workflow/scripts/pretraining_train.py --model results/model/nano+bytebpe-16k-universal \
        --arm '{"block": "warm", "learning_rate": 3e-3, "warmup": 20, "weight_decay": 0.1, "clip": 1.0}' \
        --text '{"bytes_per_language": {"catalogs": 150000, "python": 50000}, "characters": 512,
            "complete": true}' --budget '{"steps": 200, "bytes": 16000}' \
        --cell '{"model": "nano+bytebpe-16k-universal", "arm": "warm-total-25", "seed": 0,
            "tokenizer": "bytebpe-16k-universal", "base": "nano"}' --seed 0 \
        --files out/model/files.parquet --steps out/steps.parquet --texts out/texts.parquet \
        results/corpus/catalogs/train/eng_Latn.parquet results/corpus/python/train/zxx_Zyyy.parquet

READS   a model folder; documents (contract corpus.DOCUMENTS) at {corpus}/{split}/{lang}.parquet
WRITES  the trained model, whole, as every later stage loads one: a folder with the table of its files
        (lib/contracts/model.py); training steps (pretraining.STEPS); how much was read of each text
        (pretraining.TEXTS);
        while it runs, a checkpoint beside the folder, from which the same command goes on
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from lib.cli import UserError, main, settings
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.pretraining import STEPS, TEXTS
from lib.draws import within
from lib.models.folder import files_of
from lib.progress import Work
from lib.provenance import sha256
from lib.seeds import derive

if TYPE_CHECKING:
    from lib.packing import Row


def pretraining_train(
    model: Annotated[Path, typer.Option(help="Folder of the model to start from.")],
    arm: Annotated[str, typer.Option(help="Arm: JSON or a JSON file, fields of lib.pretraining.Recipe.")],
    text: Annotated[
        str,
        typer.Option(
            help="How text is read: JSON with characters of a segment, bytes_per_language by corpus, and "
            "whether it must be complete."
        ),
    ],
    budget: Annotated[str, typer.Option(help="Steps, and rows or bytes a step: JSON or a JSON file.")],
    cell: Annotated[str, typer.Option(help="What is trained: JSON with the columns that name it.")],
    seed: Annotated[int, typer.Option(help="Seed of text, its order, and what weights are drawn.")],
    files: Annotated[Path, typer.Option(help="Table of the model's files; its folder gets the model.")],
    steps: Annotated[Path, typer.Option(help="Table of training steps to write.")],
    texts: Annotated[Path, typer.Option(help="Table of how much was read of each text, to write.")],
    documents: Annotated[list[Path], typer.Argument(help="Tables of documents, one for each language.")],
    redraw: Annotated[bool, typer.Option(help="Draw all weights anew, from the seed.")] = False,
    dtype: Annotated[str, typer.Option(help="Number format of products and of frozen weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
    checkpoint_every: Annotated[int, typer.Option(help="Steps between two checkpoints.")] = 50,
) -> None:
    """Train a model on text: the same segments in the same order whatever its tokenizer."""
    from lib.pretraining import Recipe, merged, trainable, training_rows
    from lib.run import Budget, order
    from lib.training import Checkpoint, digest, train

    recipe, length, reading = Recipe(**settings(arm)), Budget(**settings(budget)), settings(text)
    names, drawn = settings(cell), read(documents, reading, seed, recipe.key)
    name = "{model}/{arm}/seed-{seed}".format(**names)
    segments = [segment for part in drawn.values() for segment in part]
    longest = max(len(segment.encode()) for segment in segments)
    if length.bytes is not None and length.bytes < longest:
        raise UserError(
            f"{recipe.key}.training.bytes: a step of {length.bytes} bytes holds no segment of {longest}; "
            "raise it, or lower pretraining.characters"
        )

    import torch

    from lib.models import lm
    from lib.models.folder import save

    wanted = lm.dtype_of(dtype)
    network, tokenizer = lm.load(model, None, "float32" if recipe.lora is None else dtype, threads)
    if redraw:
        torch.manual_seed(derive(seed, "initialisation"))
        network = type(network)(network.config).to(network.device).eval()
    network = trainable(network, recipe, seed)
    initial = digest([weight for weight in network.parameters() if weight.requires_grad])
    inputs = [*documents, *files_of(model)]
    # What ``dtype`` came to, and where: a run is not resumed on a node that computes other bits.
    place = [str(wanted), network.device.type, threads]
    run_of = [asdict(recipe), asdict(length), reading, name, seed, *place, initial, *map(sha256, inputs)]
    identity = hashlib.sha256(json.dumps(run_of).encode()).hexdigest()
    checkpoint = Checkpoint(files.parent.parent / "checkpoint.pt", identity, checkpoint_every)
    rows = training_rows(tokenizer, segments)
    with Work("pretraining_train", length.steps, "steps") as work:
        run = train(
            network,
            rows,
            recipe,
            length,
            seed,
            checkpoint,
            work.advance,
            mixed=wanted == torch.bfloat16,
        )
        times = np.zeros(len(rows), dtype=int)
        for step, chosen in zip(run.steps, order(rows, seed, length), strict=True):
            step["bytes"] = sum(rows[index].bytes for index in chosen)
            np.add.at(times, chosen, 1)
        facts = {"inputs": documents, "seed": seed, "dtype": str(wanted), "threads": threads}
        STEPS.write(run.steps, steps, **facts)
        TEXTS.write(told(names, drawn, rows, times), texts, **facts)
        save(merged(network), tokenizer, name, f"{model.name}, trained as {name}", files, inputs, seed)
        checkpoint.remove()


def read(
    documents: list[Path], reading: dict[str, Any], seed: int, key: str
) -> dict[tuple[str, str], list[str]]:
    """The segments of a training by corpus and language: what they are depends on no tokenizer.

    Segments are drawn, not documents: a share of a corpus of long documents is met to within a segment. The
    draw of fewer bytes is part of that of more, so that arms that differ in their shares share their text.

    Args:
        documents: tables of documents, one for each corpus and language.
        reading: characters of a segment; bytes_per_language, of each corpus the most of each language;
            complete, whether each must have as many.
        seed: of the draw.
        key: where the config has the arm, for messages.

    Raises:
        UserError: held-out documents, none, or fewer bytes of a language than it must have.
    """
    from lib.pretraining import segments

    found = {}
    for path in documents:
        if path.parent.name != "train":
            raise UserError(f"{path}: is not of the split train; what is held out is not trained on")
        table = DOCUMENTS.read(path)
        if table.empty:
            raise UserError(f"{path}: no documents; take the language out of the arm's text")
        corpus, lang = path.parent.parent.name, table["lang"].iloc[0]
        limit = reading["bytes_per_language"][corpus]
        parts = [part for text in table["text"] for part in segments(text, reading["characters"])]
        octets = np.array([len(part.encode()) for part in parts])
        if reading["complete"] and octets.sum() < limit:
            raise UserError(
                f"{path}: has {octets.sum():,} bytes, and {limit:,} are read of it; lower "
                f"{key}.text.bytes_per_language, take a share out of {key}.code.shares, or add documents to "
                f"corpora.{corpus}"
            )
        found[corpus, lang] = [parts[index] for index in within(octets, limit, lang, seed)]
    return found


def told(
    names: dict[str, Any], drawn: dict[tuple[str, str], list[str]], rows: list[Row], times: np.ndarray
) -> list[dict[str, Any]]:
    """How much was drawn and read of each text: rows of TEXTS.

    Args:
        names: of the training.
        drawn: segments by corpus and language.
        rows: the same segments as tokens, one after the other.
        times: how often each was read.
    """
    found, start = [], 0
    for (corpus, lang), part in drawn.items():
        here = slice(start, start := start + len(part))
        octets = np.array([row.bytes for row in rows[here]])
        tokens = np.array([len(row.target) - 1 for row in rows[here]])  # without the end of the text
        counts = {"segments": len(part), "bytes": octets.sum(), "tokens": tokens.sum()}
        counts |= {"bytes_read": octets @ times[here], "tokens_read": tokens @ times[here]}
        found.append({**names, "corpus": corpus, "lang": lang, **counts})
    return found


if __name__ == "__main__":
    main(pretraining_train)
