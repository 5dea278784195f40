"""Beam search, by transformers' own generation; the margins come from reading the beams once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lib.decoding.choosing import Groups, Look, look
from lib.decoding.rows import padded, positions
from lib.models.lm import end_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from lib.decoding.branching import Branch, Decoding, Prompt


def beams(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    groups: Groups | None,
) -> list[Branch]:
    """The k best beams of each prompt, best first, by log-probability per token.

    A beam goes on beyond a stop string, where it is cut afterwards.

    Args:
        model: in evaluation mode.
        tokenizer: of the model.
        prompts: in the order in which they are read.
        decoding: how; as many prompts are decoded together as their beams fill the rows.
        groups: as in :func:`lib.decoding.branching.decode`.
    """
    import torch

    from lib.decoding.branching import Branch, Ending

    ends, k = end_ids(model.generation_config, tokenizer), decoding.branches
    ending = Ending(tokenizer, ends, decoding)
    together = max(1, decoding.rows // k)
    found = []
    with torch.inference_mode():
        for start in range(0, len(prompts), together):
            read = prompts[start : start + together]
            written = _searched(model, [prompt.ids for prompt in read], decoding, ends)
            sequences = [
                (prompt.ids, beam) for prompt, group in zip(read, written, strict=True) for beam in group
            ]
            looks = _looks(model, sequences, max(1, decoding.rows // decoding.max_new_tokens), groups)
            for place, ((_, beam), seen) in enumerate(zip(sequences, looks, strict=True)):
                branch = Branch(start + place // k, place % k)
                for token, margin, contrast in zip(beam, seen.margins, seen.contrasts, strict=True):
                    if not ending.add(branch, token, margin, contrast):
                        break
                # The search took k tokens a step, of which it kept these.
                steps = max(map(len, written[place // k]))
                branch.decoded = 0 if branch.branch else k * steps
                found.append(branch)
    return found


def _searched(
    model: PreTrainedModel, prompts: Sequence[list[int]], decoding: Decoding, ends: set[int]
) -> list[list[list[int]]]:
    """The beams of each prompt, with the token that ends them."""
    from transformers import GenerationConfig

    k, pad = decoding.branches, min(ends, default=0)
    ids, mask = padded(model, prompts)
    settings = GenerationConfig(
        num_beams=k,
        num_return_sequences=k,
        max_new_tokens=decoding.max_new_tokens,
        eos_token_id=sorted(ends) or None,
        pad_token_id=pad,
    )
    written = model.generate(ids, attention_mask=mask, generation_config=settings)[:, ids.shape[1] :].tolist()
    cut = [
        beam[: next((at for at, token in enumerate(beam, 1) if token in ends), len(beam))] for beam in written
    ]
    return [cut[start : start + k] for start in range(0, len(cut), k)]


def _looks(
    model: PreTrainedModel,
    sequences: Sequence[tuple[list[int], list[int]]],
    together: int,
    groups: Groups | None,
) -> list[Look]:
    """What the model's distributions were at each token of the second part of each sequence."""
    found = []
    for start in range(0, len(sequences), together):
        part = sequences[start : start + together]
        ids, mask = padded(model, [read + written for read, written in part])
        longest = max(len(written) for _, written in part)
        seen = {"attention_mask": mask, "position_ids": positions(mask)}
        logits = model(ids, **seen, logits_to_keep=longest + 1).logits[:, :-1]
        for row, (_, written) in zip(logits, part, strict=True):
            found.append(look(row[longest - len(written) :].float(), groups))
    return found
