"""Loading of causal language models, the same for training, decoding and probing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lib.cli import UserError
from lib.packing import Row

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


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
        model = model.to(wanted)
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
