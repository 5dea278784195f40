"""Make a small model from scratch for a tokenizer: a Llama of a given shape with random weights.

Example:
    python workflow/scripts/model_scratch.py --model nano+bytebpe-16k-universal \
        --blueprint '{"layers": 3, "hidden": 192, "heads": 3, "feedforward": 512}' \
        --tokenizer results/tokenizer/bytebpe-16k-universal --seed 0 --threads 1 \
        --files results/model/nano+bytebpe-16k-universal/files.parquet

READS   the folder of the tokenizer
WRITES  beside the table: config.json, generation_config.json, model.safetensors, tokenizer.json,
        tokenizer_config.json; the table of these files with their hashes (lib/contracts/model.py) comes last
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main, settings
from lib.progress import Work


def scratch(
    model: Annotated[str, typer.Option(help="Name of the model.")],
    blueprint: Annotated[str, typer.Option(help="Its shape: JSON with layers, hidden, heads, feedforward.")],
    tokenizer: Annotated[Path, typer.Option(help="Folder of its tokenizer.")],
    seed: Annotated[int, typer.Option(help="Seed of the weights.")],
    threads: Annotated[int, typer.Option(help="Numerical threads.")],
    files: Annotated[Path, typer.Option(help="Table of the files to write; its folder gets the model.")],
) -> None:
    """Make a small model from scratch; two vocabularies of one size start from the same weights."""
    shape = settings(blueprint)
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    from lib.models.folder import check_tokenizer, save
    from lib.seeds import derive

    torch.set_num_threads(threads)
    logging.disable_progress_bar()
    words = AutoTokenizer.from_pretrained(tokenizer)
    config = LlamaConfig(
        vocab_size=len(words),
        num_hidden_layers=shape["layers"],
        hidden_size=shape["hidden"],
        num_attention_heads=shape["heads"],
        intermediate_size=shape["feedforward"],
        tie_word_embeddings=True,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
    )
    torch.manual_seed(derive(seed, "initialisation"))
    with Work("model_scratch", unit="models"):
        network = LlamaForCausalLM(config)
        check_tokenizer(words, network, model)
        source = f"random weights of seed {seed} for tokenizer {tokenizer.name}"
        save(network, words, model, source, files, [tokenizer / "tokenizer.json"], seed)


if __name__ == "__main__":
    main(scratch)
