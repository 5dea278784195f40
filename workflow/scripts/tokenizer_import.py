"""Import a pretrained tokenizer: from the hub, a file, a wheel or tiktoken, as published by its makers.

Example:
    python workflow/scripts/tokenizer_import.py --name llama3 --settings '{"source": "wheel",
        "archive": "llama-models", "file": "llama_models/llama3/tokenizer.model", "encoding": "llama3"}' \
        --tokenizer results/tokenizer/llama3/tokenizer.json --imported imported.parquet llama-models.whl

READS   the wheel or file given, or the hub, or what tiktoken fetches
WRITES  results/tokenizer/{tokenizer}/tokenizer.json and tokenizer_config.json, a folder that transformers
        loads; results/tokenizer/{tokenizer}/imported.parquet: source, hashes, and on how many texts
        its ids were compared with those of its own library
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from pathlib import Path
from typing import Annotated

import typer

from lib.cli import UserError, main, settings
from lib.contracts.tokenizer import IMPORTED
from lib.progress import Work
from lib.provenance import sha256
from lib.tokenizer import pretrained, token_bytes, trainers

COMPARED = 1000  # texts made of pieces drawn from the vocabulary, beside those that are known to be hard
PIECES = 8  # pieces of each
TOLERATED = 0.01  # share of these texts that may get other ids: rules for rare characters are not all known


def import_tokenizer(
    name: Annotated[str, typer.Option(help="Name of the tokenizer in the config.")],
    settings_text: Annotated[
        str, typer.Option("--settings", help="JSON: source, and what it needs; see config/README.md.")
    ],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json to write; its companion goes beside it.")],
    imported: Annotated[Path, typer.Option(help="Table to write: source and hashes.")],
    inputs: Annotated[list[Path] | None, typer.Argument(help="The wheel or the file.")] = None,
) -> None:
    """Import a pretrained tokenizer, with the normalisation and the ids of its own library."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    chosen = settings(settings_text)
    with Work("tokenizer_import", unit="tokenizers"):
        if chosen["source"] == "tiktoken":
            found, source = pretrained.from_tiktoken(chosen["encoding"], name)
            digest = None
        else:
            content, source = pretrained.fetch(chosen, inputs or [], name)
            found = pretrained.read(content, chosen.get("encoding"), name, source)
            digest = hashlib.sha256(content).hexdigest()
        found.tokenizer.no_truncation()
        found.tokenizer.no_padding()
        compared, wrong = None, None
        if found.differing is not None:
            texts = [*trainers.NASTY, *_made_of_pieces(found.tokenizer)]
            encoded = found.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
            wrong = found.differing(texts, [encoding.ids for encoding in encoded])
            compared = len(texts)
            if len(wrong) > TOLERATED * compared:
                raise UserError(
                    f"tokenizer.imports.{name}: {len(wrong)} of {compared} texts would get other ids than "
                    f"from the library of {source}, the first {wrong[0]!r}; this kind of tokenizer cannot be "
                    "imported: give its tokenizer.json"
                )
            for text in wrong:
                print(f"note: {name}: other ids than from its own library for {text!r}")
        trainers.publish(tokenizer, _writer(found.tokenizer))
    row = {
        "tokenizer": name,
        "source": source,
        "form": found.form,
        "source_sha256": digest,
        "sha256": sha256(tokenizer),
        "vocab_size": found.tokenizer.get_vocab_size(),
        "n_compared": compared,
        "n_differing": None if wrong is None else len(wrong),
    }
    IMPORTED.write([row], imported, inputs=inputs or [])


def _made_of_pieces(tokenizer):
    """Texts that hold all that the vocabulary holds: any script, and any way in which its pieces may meet."""
    pieces = [piece for piece in token_bytes.token_bytes(tokenizer) if piece]
    draw = random.Random(0)
    parts = [b"".join(draw.choices(pieces, k=PIECES)) for _ in range(COMPARED if pieces else 0)]
    return [part.decode(errors="ignore") for part in parts]


def _writer(tokenizer):
    """What writes both files of a tokenizer into a folder."""
    companion = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}

    def write(folder: Path) -> None:
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text(
            json.dumps(companion, indent=2) + "\n", encoding="utf-8"
        )

    return write


if __name__ == "__main__":
    main(import_tokenizer)
