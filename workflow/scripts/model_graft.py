"""Put a trained tokenizer on a base model; new embeddings start as combinations of the old ones.

Example:
    python workflow/scripts/model_graft.py --model base+bytebpe-16k-universal --init mean \
        --base results/model/base --tokenizer results/tokenizer/bytebpe-16k-universal \
        --seed 0 --threads 1 --files results/model/base+bytebpe-16k-universal/files.parquet

READS   the folder of the base model; the folder of the tokenizer
        results/corpus/{corpus}/train/{lang}.parquet of the tokenizer's mix   (focus)
WRITES  beside the table: config.json, generation_config.json, model.safetensors, tokenizer.json,
        tokenizer_config.json; the table of these files with their hashes (lib/contracts/model.py) comes last
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.cli import UserError, main, settings
from lib.progress import Work

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

INITS = ("mean", "focus")
TEXT_BYTES = 10_000_000  # of the mix, at most; reading them takes focus about a minute


def graft(
    model: Annotated[str, typer.Option(help="Name of the grafted model.")],
    base: Annotated[Path, typer.Option(help="Folder of the base model.")],
    tokenizer: Annotated[Path, typer.Option(help="Folder of the tokenizer that it gets.")],
    init: Annotated[
        str,
        typer.Option(
            help="How new embeddings start: mean of the old pieces, or focus: combined from the tokens that "
            "both tokenizers have (Dobler & de Melo 2023)."
        ),
    ],
    seed: Annotated[int, typer.Option(help="Seed of focus; nothing is drawn by mean.")],
    threads: Annotated[int, typer.Option(help="Numerical threads.")],
    files: Annotated[Path, typer.Option(help="Table of the files to write; its folder gets the model.")],
    mix: Annotated[
        str | None,
        typer.Option(
            help="JSON, for focus: how the tokenizer's mix weighs its languages, and its max_bytes."
        ),
    ] = None,
    documents: Annotated[
        list[Path] | None, typer.Argument(help="Training documents of the mix, for focus.")
    ] = None,
) -> None:
    """Put a trained tokenizer on a base model."""
    if init not in INITS:
        raise UserError(f"models.{model}.init: {init!r} is unknown; choose from {', '.join(INITS)}")
    if init == "focus" and (mix is None or not documents):
        raise UserError("--mix, DOCUMENTS: focus needs both; they are those of tokenizer_train.py")
    os.environ["RAYON_NUM_THREADS"] = "1"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from lib.models.folder import check_tokenizer, save

    torch.set_num_threads(threads)
    logging.disable_progress_bar()
    old = AutoTokenizer.from_pretrained(base)
    new = AutoTokenizer.from_pretrained(tokenizer)
    network = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    inputs = [base / "model.safetensors", base / "tokenizer.json", tokenizer / "tokenizer.json"]
    with Work("model_graft", unit="models"):
        vectors = None
        if init == "focus":
            vectors = _vectors(new, documents, settings(mix), seed)
            inputs += documents
        _replace(network, old, new, vectors, model)
        check_tokenizer(new, network, model)
        save(network, new, model, f"{base.name} with tokenizer {tokenizer.name}, {init}", files, inputs, seed)


def _vectors(
    new: PreTrainedTokenizerBase, documents: list[Path], how: dict[str, Any], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ids of the tokens that a sample of the mix shows often enough, and their vectors."""
    from lib.models.token_vectors import token_vectors
    from lib.tokenizer import mixed_text

    most = min(how["max_bytes"], TEXT_BYTES)
    texts = list(mixed_text.mix(documents, {**how, "max_bytes": most}, seed))
    return token_vectors(texts, new.backend_tokenizer, seed)


def _replace(
    network: PreTrainedModel,
    old: PreTrainedTokenizerBase,
    new: PreTrainedTokenizerBase,
    vectors: tuple[np.ndarray, np.ndarray] | None,
    name: str,
) -> None:
    """Give the network embeddings for the new tokenizer, and its special tokens; by focus with vectors."""
    import torch

    from lib.models import graft
    from lib.tokenizer.token_bytes import token_bytes

    roles = {}
    for role in graft.ROLES:
        theirs, ours = getattr(old, f"{role}_token_id"), getattr(new, f"{role}_token_id")
        if theirs is not None and ours is not None:
            roles.setdefault(ours, theirs)
    new_bytes, old_bytes = token_bytes(new.backend_tokenizer), token_bytes(old.backend_tokenizer)
    pieces = graft.old_pieces(
        new_bytes, lambda text: old.encode(text, add_special_tokens=False), old_bytes, roles
    )
    combined = None
    if vectors:
        shared = graft.shared_tokens(new_bytes, old_bytes, roles)
        for index, same in shared.items():
            pieces[index] = [same]
        try:
            combined = graft.focus(*vectors, shared)
        except ValueError as error:
            raise UserError(f"models.{name}.init: focus has nothing to combine: {error}; use mean") from None
        means = len(pieces) - len(shared) - len(combined.tokens)
        print(f"{len(shared)} tokens copied, {len(combined.tokens)} combined, {means} means of old pieces")

    def started(rows: torch.Tensor) -> torch.Tensor:
        start = graft.mean_rows(rows, pieces)
        if combined is not None:
            start[combined.tokens] = combined.rows(rows)
        return start

    starts = [started(old_rows[: len(old)]) for old_rows in _token_rows(network)]
    network.resize_token_embeddings(len(pieces), mean_resizing=False)
    with torch.no_grad():
        for rows, start in zip(_token_rows(network), starts, strict=True):
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
