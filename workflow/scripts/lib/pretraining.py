"""What a model reads in pretraining, how it is set up for it, and how it is judged: by bits, never by tokens.

Tokens of two tokenizers are not comparable. What is compared is text: trainings read the same segments in the
same order, and are scored by the bits that they need for the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lib.adaptation.arm import Arm
from lib.likelihood import losses
from lib.models.lm import start_token, token_ids
from lib.packing import Row

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Recipe:
    """How a model is trained on text: one arm of the stage.

    Attributes:
        block: of the arm in the config; for messages.
        learning_rate: peak of the schedule.
        warmup: steps of linear warm-up; a cosine to zero follows.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        lora: rank, alpha and targets of adapters, which then train with the embeddings; None trains all.
    """

    block: str
    learning_rate: float
    warmup: int
    weight_decay: float
    clip: float
    lora: dict[str, Any] | None = None

    @property
    def key(self) -> str:
        """Where the config has it, for messages."""
        return f"pretraining.arms.{self.block}"

    @property
    def links(self) -> int:
        """All is trained in one go."""
        return 1

    @property
    def adapters(self) -> Arm:
        """The adapters as an arm of the sweep would have them."""
        trained = (self.learning_rate, self.warmup, self.weight_decay, self.clip)
        return Arm("lora", *trained, self.block, **self.lora, section="pretraining")


def segments(text: str, characters: int) -> list[str]:
    """A document in parts of so many characters: a limit in tokens would give each tokenizer another one."""
    return [text[start : start + characters] for start in range(0, len(text), characters)]


def training_rows(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[Row]:
    """Each text after the start token, with its end."""
    start, end = [start_token(tokenizer)], tokenizer.eos_token_id
    return [
        Row(start, [*ids, end], bytes=len(text.encode()))
        for ids, text in zip(token_ids(tokenizer, texts), texts, strict=True)
    ]


def trainable(model: PreTrainedModel, recipe: Recipe, seed: int) -> PreTrainedModel | PeftModel:
    """Set a model up for its training: what is trained is in float32 and requires a gradient.

    With adapters these are the adapters, the embeddings and the head, tied or not: what a new tokenizer
    changes has all its freedom, the rest learns to read it (as in ReTok, Gu et al. 2024). Without, all
    weights.

    Args:
        model: changed in place.
        recipe: what is trained.
        seed: of the adapters' initialisation.
    """
    if recipe.lora is None:
        return model.float().requires_grad_(True)
    from lib.adaptation.methods import METHODS

    adapted = METHODS["lora"].attach(model, recipe.adapters, seed, None)
    for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
        layer.float().requires_grad_(True)
    return adapted


def merged(model: PreTrainedModel | PeftModel) -> PreTrainedModel:
    """The whole model in float32, adapters added to its weights."""
    whole = model.float()
    return whole.merge_and_unload() if hasattr(whole, "merge_and_unload") else whole


def bits(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    advance: Callable[[int], Any],
    prompts: Sequence[str] | None = None,
) -> list[tuple[float | None, int]]:
    """Bits that a model needs for each text, and the tokens that it is made of.

    The bits are minus log2 of the probability of the text's tokens, each given those before it, the prompt
    and a start token; that the text ends is not part of it, since not every model was taught to end here. It
    is the probability of one spelling, so an upper bound on the bits of the text itself.

    Args:
        model: in evaluation mode.
        tokenizer: its tokenizer.
        texts: each is read alone.
        advance: called with the number of texts that are done, for progress.
        prompts: what is read before each text; None for nothing.

    Returns:
        bits and tokens of each text; None for the bits of a text that its tokens do not spell: they would
        be those of another text.
    """
    start = [start_token(tokenizer)]
    ids = token_ids(tokenizer, texts)
    spelt = [tokenizer.decode(found) == text for found, text in zip(ids, texts, strict=True)]
    before = token_ids(tokenizer, prompts or [""] * len(texts))
    read = [Row([*start, *prompt], found) for prompt, found in zip(before, ids, strict=True)]
    nats = losses(model, read, advance)
    return [
        (loss / math.log(2) if whole else None, len(found))
        for loss, whole, found in zip(nats, spelt, ids, strict=True)
    ]
