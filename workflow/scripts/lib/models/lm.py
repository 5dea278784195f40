"""Causal language models and what they read, the same for training, decoding and probing."""

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

# Layers whose attention is a softmax over positions, by a mask; others (linear, convolution) have none.
ATTENTION_LAYERS = {"full_attention", "sliding_attention", "chunked_attention"}


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

    An adapter is merged, since decoding is slower beside it, and in float32, so that the sum is rounded
    to ``dtype`` once. Bfloat16 still loses what is less than half a step of a weight.

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


def attention_layers(model: PreTrainedModel) -> list[int]:
    """The layers in which a model attends, by its configuration."""
    config = model.config.get_text_config()
    types = getattr(config, "layer_types", None) or ["full_attention"] * config.num_hidden_layers
    return [layer for layer, kind in enumerate(types) if kind in ATTENTION_LAYERS]


def shares_sequences(model: PreTrainedModel) -> bool:
    """Whether rows may be packed into one sequence, apart by a mask.

    Convolutions and recurrences run on into the next row whatever the mask: there rows stand alone.
    """
    return len(attention_layers(model)) == model.config.get_text_config().num_hidden_layers


def end_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The tokens that end a text: the tokenizer's own, and all that the model's generation settings name.

    A model that was taught to chat ends its turn with another token than a text.
    """
    named = model.generation_config.eos_token_id
    return {tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])} - {None}


def prefix_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The special tokens that a tokenizer itself puts before a text: often one BOS, often none."""
    encoded = tokenizer("a", return_special_tokens_mask=True)
    text = encoded["special_tokens_mask"].index(0)
    return encoded["input_ids"][:text]


def prompt_ids(tokenizer: PreTrainedTokenizerBase, prompts: Iterable[str]) -> list[list[int]]:
    """Token ids of each prompt, after the special tokens that the tokenizer puts before a text.

    The model was trained to see them there, and some models, like Gemma, fail without. What would stand
    after the text is left out, since the model goes on there.
    """
    prefix = prefix_ids(tokenizer)
    return [[*prefix, *ids] for ids in token_ids(tokenizer, prompts)]


def training_rows(
    tokenizer: PreTrainedTokenizerBase, prompts: Iterable[str], targets: Iterable[str]
) -> list[Row]:
    """Tokenize examples; each target ends with the end-of-text token.

    Prompt and target are tokenized apart, as in decoding, where the prompt stands alone.
    """
    return [
        Row(read, [*written, tokenizer.eos_token_id])
        for read, written in zip(prompt_ids(tokenizer, prompts), token_ids(tokenizer, targets), strict=True)
    ]


def token_ids(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> list[list[int]]:
    """Token ids of each text, without special tokens."""
    return tokenizer(list(texts), add_special_tokens=False)["input_ids"]
