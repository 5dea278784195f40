"""Causal language models and what they read, the same for training, decoding and probing."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lib.adaptation import saved
from lib.cli import UserError
from lib.packing import Row

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

M_MMAP_THRESHOLD = -3  # of malloc.h
LARGE = 2**22  # bytes; from the heap, smaller tensors save a tenth of the time of training

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


def device() -> str:
    """Where models run: the GPU where there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


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

    An adapter is merged where that is exact, since decoding is slower beside it, and in float32, so that
    the sum is rounded to ``dtype`` once. Bfloat16 still loses what is less than half a step of a weight.
    An adapter that does not merge stays in float32, as it was trained.

    Args:
        folder: model folder written by the model stage.
        adapter: adapter folder of any method, or none for the base model.
        dtype: see :func:`dtype_of`.
        threads: numerical threads of this process.

    Raises:
        UserError: the folder holds no model, or the adapter's training failed.
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
    merged = adapter is not None and saved.merges(adapter)
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32 if merged else wanted, attn_implementation="sdpa"
    )
    if adapter:
        from lib.adaptation.reading import adapted

        # Adapters froze the weights. torch multiplies a slice of positions by a frozen matrix by copying
        # the matrix for each row of the batch: gigabytes for the head of the vocabulary.
        model = adapted(model, adapter).requires_grad_(True)
    if merged:
        # Weights only: rotary frequencies stay in float32, as in a model loaded in ``dtype``.
        for weight in model.parameters():
            weight.data = weight.data.to(wanted)
    return model.to(device()).eval(), AutoTokenizer.from_pretrained(folder)


def attention_layers(model: PreTrainedModel) -> list[int]:
    """The layers in which a model attends, by its configuration."""
    config = model.config.get_text_config()
    types = getattr(config, "layer_types", None) or ["full_attention"] * config.num_hidden_layers
    return [layer for layer, kind in enumerate(types) if kind in ATTENTION_LAYERS]


def end_ids(generation: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The tokens that end a text: the tokenizer's own, and all that the model's generation settings name.

    A model that was taught to chat ends its turn with another token than a text.
    """
    named = generation.eos_token_id
    return {tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])} - {None}


def start_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that stands before a text: the tokenizer's first one, or the one that ends a text."""
    return tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id


def prefix_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The special tokens that a tokenizer itself puts before a text: often one BOS, often none."""
    encoded = tokenizer("a", return_special_tokens_mask=True)
    text = encoded["special_tokens_mask"].index(0)
    return encoded["input_ids"][:text]


def prompt_ids(
    tokenizer: PreTrainedTokenizerBase, prompts: Iterable[str], chat: bool = False
) -> list[list[int]]:
    """Token ids of each prompt, after the special tokens that the tokenizer puts before a text.

    The model was trained to see them there, and some models, like Gemma, fail without. What would stand
    after the text is left out, since the model goes on there. No prompt is without tokens: an empty text
    after no such tokens becomes the token that stands before a text.

    Args:
        tokenizer: of the model.
        prompts: texts.
        chat: put each into the tokenizer's chat template, as a user's message that is to be answered.

    Raises:
        UserError: there is no chat template.
    """
    if chat:
        if not tokenizer.chat_template:
            raise UserError(
                f"{tokenizer.name_or_path}: the tokenizer has no chat template; take `chat` out of the task, "
                "or use a model that was taught to chat"
            )
        return [
            tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt}], add_generation_prompt=True, return_dict=False
            )
            for prompt in prompts
        ]
    prefix = prefix_ids(tokenizer)
    return [[*prefix, *ids] or [start_token(tokenizer)] for ids in token_ids(tokenizer, prompts)]


def training_rows(
    tokenizer: PreTrainedTokenizerBase, prompts: Iterable[str], targets: Iterable[str], chat: bool = False
) -> list[Row]:
    """Tokenize examples; each target ends with the end-of-text token. ``chat`` is as in :func:`prompt_ids`.

    Prompt and target are tokenized apart, as in decoding, where the prompt stands alone.
    """
    return [
        Row(read, [*written, tokenizer.eos_token_id])
        for read, written in zip(
            prompt_ids(tokenizer, prompts, chat), token_ids(tokenizer, targets), strict=True
        )
    ]


def token_ids(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> list[list[int]]:
    """Token ids of each text, without special tokens."""
    return tokenizer(list(texts), add_special_tokens=False)["input_ids"]
