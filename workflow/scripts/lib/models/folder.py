"""Writing a model folder: what every later stage loads."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from lib.cli import UserError
from lib.contracts.model import FILES
from lib.provenance import sha256

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Of these the first must come back as it was; the others are noted where they do not.
PROBES = (
    "Hello, world! 12 + 34 = 46",
    "two  spaces, a\ttab\nand a line",
    " a leading space",
    "can 't , be . cleaned ?",
    "Grüße, мир, 日本語と한국어, العربية, தமிழ், ไทย",
    "𠮷 👩‍👩‍👧 e\u0301",
)


def files_of(folder: Path) -> list[Path]:
    """The files of a model or an adapter that decide what it computes, and how it is asked, in order."""
    return [path for kind in ("safetensors", "json", "jinja") for path in sorted(folder.glob(f"*.{kind}"))]


def check_model(model: PreTrainedModel, name: str) -> None:
    """Check that a model attends through torch's scaled_dot_product_attention, as later stages load it.

    There is nothing to fall back to: training masks with booleans, which other implementations would
    add to their scores.

    Args:
        model: any causal language model.
        name: name of the model, for messages.

    Raises:
        UserError: it does not, like Gemma 2, which caps its attention scores.
    """
    if not model._supports_sdpa:
        raise UserError(
            f"models: {name}: the attention of {type(model).__name__} cannot be computed with torch's "
            "scaled_dot_product_attention, which every later stage needs; choose another model"
        )


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, name: str) -> list[str]:
    """Check that a tokenizer fits its model, and give it a padding token if it has none.

    Padding is never the unknown token: a mask made from it would hide real tokens.

    Args:
        tokenizer: changed in place: padding token, and no clean-up of spaces in decoding.
        model: the model whose embeddings it indexes.
        name: name of the model, for messages.

    Returns:
        What a user should know, one line each.

    Raises:
        UserError: more tokens than embedding rows, no end-of-text token, or plain text that does
            not come back.
    """
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise UserError(
            f"models: {name}: the tokenizer has {len(tokenizer)} tokens, the model only {rows} embedding "
            "rows; this tokenizer belongs to another model"
        )
    if tokenizer.eos_token_id is None:
        raise UserError(f"models: {name}: the tokenizer has no end-of-text token; add one to its config")
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.unk_token_id:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.clean_up_tokenization_spaces = False
    lost = [probe for probe in PROBES if _round_trip(tokenizer, probe) != probe]
    if PROBES[0] in lost:
        found = _round_trip(tokenizer, PROBES[0])
        raise UserError(
            f"models: {name}: {PROBES[0]!r} comes back from the tokenizer as {found!r}; "
            "give a model whose tokenizer restores text"
        )
    return [f"the tokenizer does not restore {', '.join(map(repr, lost))}"] if lost else []


def _round_trip(tokenizer: PreTrainedTokenizerBase, text: str) -> str:
    return tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"])


def save(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    name: str,
    source: str,
    table: Path,
    inputs: list[Path],
    seed: int,
) -> None:
    """Write a model and its tokenizer into the folder of ``table``; the table of the files comes last.

    The generation settings keep the source's end-of-text tokens and lose its sampling: decoding
    says itself how it decodes.

    Args:
        model: in the number format in which it is saved.
        tokenizer: with a padding token, see :func:`check_tokenizer`.
        name: name of the model.
        source: where the model was taken from.
        table: the Parquet table to write.
        inputs: files whose hashes go into the provenance.
        seed: of what was drawn, if anything was.
    """
    from transformers import GenerationConfig

    ends = model.generation_config.eos_token_id
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id if ends is None else ends,
        pad_token_id=tokenizer.pad_token_id,
        do_sample=False,
    )
    model.config.pad_token_id = tokenizer.pad_token_id
    folder = table.parent
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / ".partial"
    shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
    model.save_pretrained(partial, max_shard_size="1TB")
    tokenizer.init_kwargs.pop("local_files_only", None)  # says how it was found, not what it is
    tokenizer.save_pretrained(partial)
    table.unlink(missing_ok=True)  # no record while the files change
    for stale in folder.iterdir():
        if stale.is_file():
            stale.unlink()
    written = sorted(path.name for path in partial.iterdir())
    for file in written:
        (partial / file).chmod(0o644)  # safetensors are written for their owner alone
        os.replace(partial / file, folder / file)
    partial.rmdir()
    rows = [
        {
            "model": name,
            "file": file,
            "bytes": (folder / file).stat().st_size,
            "sha256": sha256(folder / file),
            "source": source,
            "parameters": model.num_parameters(),
        }
        for file in written
    ]
    FILES.write(rows, table, inputs=inputs, seed=seed)
