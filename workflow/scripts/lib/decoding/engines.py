"""What decodes: transformers with this project's own engine, or vLLM; both give the same branches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lib.decoding.branching import Branch, Decoding, Prompt, decode
from lib.decoding.choosing import Groups
from lib.models import lm

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Engine(Protocol):
    """A model that decodes.

    Attributes:
        tokenizer: of the model.
        dtype: number format of the weights, like ``torch.float32``.
        device: where it computes, ``cpu`` or ``cuda``.
    """

    tokenizer: PreTrainedTokenizerBase
    dtype: str
    device: str

    def decode(self, prompts: Sequence[Prompt], decoding: Decoding, groups: Groups | None) -> list[Branch]:
        """All branches of the prompts of one batch, see :func:`lib.decoding.branching.decode`."""


class Transformers:
    """This project's engine, for every causal language model of transformers."""

    def __init__(self, folder: Path, adapter: Path | None, dtype: str, threads: int) -> None:
        self.model, self.tokenizer = lm.load(folder, adapter, dtype, threads)
        self.dtype, self.device = str(self.model.dtype), self.model.device.type

    def decode(self, prompts: Sequence[Prompt], decoding: Decoding, groups: Groups | None) -> list[Branch]:
        """See :func:`lib.decoding.branching.decode`."""
        return decode(self.model, self.tokenizer, prompts, decoding, groups)


def load(name: str, folder: Path, adapter: Path | None, dtype: str, threads: int) -> Engine:
    """A model ready to decode.

    Args:
        name: ``transformers`` or ``vllm``.
        folder: model folder written by the model stage.
        adapter: adapter folder, or none for the base model.
        dtype: see :func:`lib.models.lm.dtype_of`.
        threads: numerical threads of this process.

    Raises:
        UserError: the folder holds no model, or vLLM is not installed.
    """
    if name == "vllm":
        from lib.decoding.vllm import Vllm

        return Vllm(folder, adapter, dtype, threads)
    return Transformers(folder, adapter, dtype, threads)
