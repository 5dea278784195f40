"""Put a trained tokenizer on a base model; new embeddings start as means of the old ones.

Example:
    python workflow/scripts/model_graft.py --model base+bytebpe-16k-universal --init mean \
        --base results/model/base --tokenizer results/tokenizer/bytebpe-16k-universal \
        --seed 0 --threads 1 --files results/model/base+bytebpe-16k-universal/files.parquet

READS   the folder of the base model; the folder of the tokenizer
WRITES  beside the table: config.json, generation_config.json, model.safetensors, tokenizer.json,
        tokenizer_config.json; the table of these files with their hashes (lib/contracts/model.py) comes last
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import UserError, main
from lib.progress import Work

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def graft(
    model: Annotated[str, typer.Option(help="Name of the grafted model.")],
    base: Annotated[Path, typer.Option(help="Folder of the base model.")],
    tokenizer: Annotated[Path, typer.Option(help="Folder of the tokenizer that it gets.")],
    init: Annotated[str, typer.Option(help="How new embeddings start: mean of the old pieces.")],
    seed: Annotated[int, typer.Option(help="Seed; nothing is drawn by mean.")],
    threads: Annotated[int, typer.Option(help="Numerical threads.")],
    files: Annotated[Path, typer.Option(help="Table of the files to write; its folder gets the model.")],
) -> None:
    """Put a trained tokenizer on a base model."""
    if init != "mean":
        raise UserError(f"models.{model}.init: {init!r} is unknown; choose mean")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from lib.model_folder import check_tokenizer, save

    torch.set_num_threads(threads)
    logging.disable_progress_bar()
    old = AutoTokenizer.from_pretrained(base)
    new = AutoTokenizer.from_pretrained(tokenizer)
    network = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    with Work("model_graft", unit="models"):
        _replace(network, old, new)
        check_tokenizer(new, network, model)
        inputs = [base / "model.safetensors", base / "tokenizer.json", tokenizer / "tokenizer.json"]
        save(network, new, model, f"{base.name} with tokenizer {tokenizer.name}, {init}", files, inputs, seed)


def _replace(network: PreTrainedModel, old: PreTrainedTokenizerBase, new: PreTrainedTokenizerBase) -> None:
    """Give the network embeddings for the new tokenizer, and its special tokens."""
    import torch

    from lib import graft
    from lib.tokenizer_bytes import token_bytes

    roles = {}
    for role in graft.ROLES:
        theirs, ours = getattr(old, f"{role}_token_id"), getattr(new, f"{role}_token_id")
        if theirs is not None and ours is not None:
            roles.setdefault(ours, theirs)
    pieces = graft.old_pieces(
        token_bytes(new.backend_tokenizer),
        lambda text: old.encode(text, add_special_tokens=False),
        token_bytes(old.backend_tokenizer),
        roles,
    )
    started = [graft.mean_rows(old_rows[: len(old)], pieces) for old_rows in _token_rows(network)]
    network.resize_token_embeddings(len(pieces), mean_resizing=False)
    with torch.no_grad():
        for rows, start in zip(_token_rows(network), started, strict=True):
            rows.copy_(start)
    for role in graft.ROLES:
        setattr(network.config, f"{role}_token_id", getattr(new, f"{role}_token_id"))
    network.generation_config.eos_token_id = new.eos_token_id


def _token_rows(network: PreTrainedModel) -> list[torch.Tensor]:
    """What a network holds for each token: embeddings, and the output's weights and bias if apart."""
    head = network.get_output_embeddings()
    rows = [network.get_input_embeddings().weight]
    if head.weight is not rows[0]:
        rows.append(head.weight)
    if head.bias is not None:
        rows.append(head.bias)
    return [parameter.detach() for parameter in rows]


if __name__ == "__main__":
    main(graft)
