"""Train a model on text: one model, one arm, one seed.

Example:
    python workflow/scripts/pretraining_train.py --model results/model/nano+bytebpe-16k-universal \
        --arm '{"name": "scratch", "learning_rate": 3e-3, "warmup": 20, "weight_decay": 0.1, "clip": 1.0}' \
        --text '{"bytes_per_language": 200000, "characters": 512}' --budget '{"steps": 200, "rows": 64}' \
        --name nano+bytebpe-16k-universal/scratch/seed-0 --seed 0 \
        --files out/model/files.parquet --steps out/steps.parquet \
        results/corpus/catalogs/train/eng_Latn.parquet results/corpus/catalogs/train/fra_Latn.parquet

READS   a model folder; documents (contract corpus.DOCUMENTS), a table for each language
WRITES  the trained model, whole, as every later stage loads one: a folder with the table of its files
        (lib/contracts/model.py); training steps (pretraining.STEPS);
        while it runs, a checkpoint beside the folder, from which the same command goes on
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from lib.cli import UserError, main, settings
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.pretraining import STEPS
from lib.draws import within
from lib.models.folder import files_of
from lib.progress import Work
from lib.provenance import sha256
from lib.seeds import derive


def pretraining_train(
    model: Annotated[Path, typer.Option(help="Folder of the model to start from.")],
    arm: Annotated[str, typer.Option(help="Arm: JSON or a JSON file, fields of lib.pretraining.Recipe.")],
    text: Annotated[
        str, typer.Option(help="How text is read: JSON with characters of a segment, bytes_per_language.")
    ],
    budget: Annotated[str, typer.Option(help="Steps and rows a step: JSON or a JSON file.")],
    name: Annotated[str, typer.Option(help="Name of the trained model.")],
    seed: Annotated[int, typer.Option(help="Seed of text, its order, and what weights are drawn.")],
    files: Annotated[Path, typer.Option(help="Table of the model's files; its folder gets the model.")],
    steps: Annotated[Path, typer.Option(help="Table of training steps to write.")],
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
    texts = read(documents, reading, seed)

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
    cell = [asdict(recipe), asdict(length), reading, name, seed, *place, initial, *map(sha256, inputs)]
    identity = hashlib.sha256(json.dumps(cell).encode()).hexdigest()
    checkpoint = Checkpoint(files.parent.parent / "checkpoint.pt", identity, checkpoint_every)
    rows = training_rows(tokenizer, texts)
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
        octets = [len(one.encode()) for one in texts]
        for row, chosen in zip(run.steps, order(len(rows), seed, length), strict=True):
            row["bytes"] = sum(octets[index] for index in chosen)
        STEPS.write(run.steps, steps, inputs=documents, seed=seed, dtype=str(wanted), threads=threads)
        save(merged(network), tokenizer, name, f"{model.name}, trained as {name}", files, inputs, seed)
        checkpoint.remove()


def read(documents: list[Path], reading: dict[str, Any], seed: int) -> list[str]:
    """The segments of a training, language by language: what they are depends on no tokenizer.

    Args:
        documents: tables of documents, one for each language.
        reading: characters of a segment; bytes_per_language, the most of each language, a draw.
        seed: of the draw.

    Raises:
        UserError: a language has no documents.
    """
    from lib.pretraining import segments

    found = []
    for path in documents:
        table = DOCUMENTS.read(path)
        if table.empty:
            raise UserError(f"{path}: no documents; take the language out of the arm's text")
        octets = table["text"].str.encode("utf-8").str.len().to_numpy()
        used = within(octets, reading["bytes_per_language"], table["lang"].iloc[0], seed)
        for document in table["text"].iloc[used]:
            found += segments(document, reading["characters"])
    return found


if __name__ == "__main__":
    main(pretraining_train)
