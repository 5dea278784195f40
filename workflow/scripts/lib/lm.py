"""Loading of causal language models, the same for training, decoding and probing."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lib.cli import UserError
from lib.packing import Row

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

M_MMAP_THRESHOLD = -3  # of malloc.h
LARGE = 2**20  # bytes; smaller tensors are many, and faster from the heap


def dtype_of(name: str) -> torch.dtype:
    """The type of the frozen weights: ``float32``, ``bfloat16``, or ``auto``.

    ``auto`` is bfloat16 where the processor or the GPU multiplies in it, float32 elsewhere, where
    bfloat16 would be emulated and slow.
    """
    import torch

    if name != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[name]
    if torch.cuda.is_available():
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32


def steady_memory() -> None:
    """Have the C library give large tensors back to the system as soon as they are freed.

    glibc raises the size from which it does so whenever a large block is freed. Then caches and
    activations, each of another size, leave holes in the heap, and a process grows to several times
    what it uses.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(M_MMAP_THRESHOLD, LARGE)


def load(
    folder: Path, adapter: Path | None, dtype: str, threads: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model ready to read or write text, and its tokenizer.

    An adapter is merged in float32, before the weights are rounded to ``dtype``: a merge in
    bfloat16 would lose small updates, and an unmerged adapter makes decoding slower.

    Args:
        folder: model folder written by the model stage.
        adapter: PEFT adapter folder, or none for the base model.
        dtype: see :func:`dtype_of`.
        threads: numerical threads of this process.

    Raises:
        UserError: the folder holds no model.
    """
    import torch
    from transformers.utils import logging

    steady_memory()
    torch.set_num_threads(threads)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if not (folder / "config.json").is_file():
        raise UserError(f"{folder}: no config.json here; give the folder of a prepared model")
    wanted = dtype_of(dtype)
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32 if adapter else wanted, attn_implementation="sdpa"
    )
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
        # PEFT froze the weights. torch multiplies a slice of positions by a frozen matrix by copying
        # the matrix for each row of the batch: gigabytes for the head of the vocabulary.
        model.requires_grad_(True)
        # Weights only: rotary frequencies stay in float32, as in a model loaded in ``dtype``.
        for weight in model.parameters():
            weight.data = weight.data.to(wanted)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval(), AutoTokenizer.from_pretrained(folder)


def training_rows(
    tokenizer: PreTrainedTokenizerBase, prompts: Iterable[str], targets: Iterable[str]
) -> list[Row]:
    """Tokenize examples; each target ends with the end-of-text token.

    Prompt and target are tokenized apart, as in decoding, where the prompt stands alone.
    """
    return [
        Row(read, [*written, tokenizer.eos_token_id])
        for read, written in zip(token_ids(tokenizer, prompts), token_ids(tokenizer, targets), strict=True)
    ]


def token_ids(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> list[list[int]]:
    """Token ids of each text, without special tokens."""
    return tokenizer(list(texts), add_special_tokens=False)["input_ids"]
