"""Decoding of k branches per prompt: the engine of evaluation and of self-improvement.

CoT-decoding (Wang & Zhou 2024, arXiv:2402.10200) takes the k likeliest first tokens and goes on
greedily from each. k = 1 is greedy decoding, so one engine serves both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lib.models.lm import end_ids

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Decoding:
    """How branches are decoded.

    Attributes:
        branches: k, the first tokens that are tried.
        max_new_tokens: longest branch, in tokens.
        stop: strings that end a branch; the text is cut before them.
        rows: branches that are decoded together; the cache holds no more.
    """

    branches: int
    max_new_tokens: int
    stop: tuple[str, ...]
    rows: int


@dataclass
class Branch:
    """One decoded branch of one prompt.

    Attributes:
        prompt: index of the prompt.
        branch: rank of its first token; 0 is the greedy path.
        token_ids: tokens as generated, the end-of-text token included.
        token_margins: p(top 1) - p(top 2) at each of these positions, over the whole vocabulary. All
            branches of a prompt share the margin of the first position.
        stop_reason: ``end`` (end of text), ``stop`` (a stop string) or ``length``.
        completion: the text, cut before a stop string.
    """

    prompt: int
    branch: int
    token_ids: list[int] = field(default_factory=list)
    token_margins: list[float] = field(default_factory=list)
    stop_reason: str = "length"
    completion: str = ""


def top_two(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The likeliest token of each row and its margin over the second, shapes (rows,).

    Probabilities are a softmax over the whole vocabulary, in float32; no others are kept.
    """
    values, indices = logits.topk(2, dim=-1)
    probabilities = (values - logits.logsumexp(-1, keepdim=True)).exp()
    return indices[:, 0], probabilities[:, 0] - probabilities[:, 1]


def decode(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[list[int]],
    decoding: Decoding,
) -> Iterator[list[Branch]]:
    """Decode all branches of all prompts, batch by batch.

    Prompts of like length share a batch. Each prompt is read once, its cache is copied to its
    branches, and a branch that ends leaves the batch, so that later steps get cheaper. In float32 the
    tokens are those of decoding every branch alone.

    Args:
        model: in evaluation mode.
        tokenizer: of the model.
        prompts: token ids of each prompt, none empty.
        decoding: how.

    Yields:
        the branches of one batch of prompts, k for each, by prompt and branch.
    """
    by_length = sorted(range(len(prompts)), key=lambda index: (len(prompts[index]), index))
    together = max(1, decoding.rows // decoding.branches)
    for start in range(0, len(by_length), together):
        yield _decode_batch(model, tokenizer, prompts, by_length[start : start + together], decoding)


def _decode_batch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[list[int]],
    chosen: list[int],
    decoding: Decoding,
) -> list[Branch]:
    import torch
    from transformers import DynamicCache

    k = decoding.branches
    longest = max(len(prompts[index]) for index in chosen)
    pad = tokenizer.eos_token_id  # masked, so that any token would do
    ids = torch.tensor(
        [[pad] * (longest - len(prompts[i])) + prompts[i] for i in chosen], device=model.device
    )
    mask = torch.tensor([[0] * (longest - len(prompts[i])) + [1] * len(prompts[i]) for i in chosen])
    mask = mask.to(model.device)
    ends = end_ids(model, tokenizer)
    cache = DynamicCache(config=model.config)
    branches = [Branch(index, rank) for index in chosen for rank in range(k)]

    with torch.inference_mode():
        logits = (
            model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            .logits[:, -1]
            .float()
        )
        margins = top_two(logits)[1].repeat_interleave(k)
        tokens = logits.topk(k, dim=-1).indices.reshape(-1)
        cache.reorder_cache(torch.arange(len(chosen), device=model.device).repeat_interleave(k))
        mask = mask.repeat_interleave(k, 0)
        positions = mask.sum(-1)
        alive = branches
        while True:
            going = _extend(alive, tokens.tolist(), margins.tolist(), tokenizer, ends, decoding)
            if not going:
                return branches
            if len(going) < len(alive):
                keep = torch.tensor(going, device=model.device)
                cache.reorder_cache(keep)
                tokens, mask, positions = tokens[keep], mask[keep], positions[keep]
                alive = [alive[row] for row in going]
            mask = torch.cat([mask, mask.new_ones(len(alive), 1)], 1)
            logits = (
                model(
                    input_ids=tokens[:, None],
                    attention_mask=mask,
                    position_ids=positions[:, None],
                    past_key_values=cache,
                    use_cache=True,
                )
                .logits[:, -1]
                .float()
            )
            tokens, margins = top_two(logits)
            positions = positions + 1


def _extend(
    alive: list[Branch],
    tokens: list[int],
    margins: list[float],
    tokenizer: PreTrainedTokenizerBase,
    ends: set[int],
    decoding: Decoding,
) -> list[int]:
    """Add a token to each branch; return the rows of those that go on."""
    going = []
    for row, (branch, token, margin) in enumerate(zip(alive, tokens, margins, strict=True)):
        branch.token_ids.append(token)
        branch.token_margins.append(margin)
        ended = token in ends
        text = tokenizer.decode(branch.token_ids[:-1] if ended else branch.token_ids)
        cut = min((at for stop in decoding.stop if (at := text.find(stop)) >= 0), default=-1)
        branch.completion = text if cut < 0 else text[:cut]
        if cut >= 0:
            branch.stop_reason = "stop"
        elif ended:
            branch.stop_reason = "end"
        elif len(branch.token_ids) < decoding.max_new_tokens:
            going.append(row)
    return going
