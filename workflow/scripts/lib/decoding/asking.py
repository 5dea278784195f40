"""The second step of CoT-decoding: a branch is asked for its answer (Wang & Zhou 2024, section 2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lib.decoding.branching import Branch, Decoding, Prompt, batches
from lib.decoding.choosing import Groups

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from lib.decoding.engines import Engine


def ask(
    engine: Engine,
    prompts: Sequence[Prompt],
    branches: Sequence[Branch],
    decoding: Decoding,
    groups: Groups | None,
) -> list[Branch]:
    """What the model writes, greedily, after each branch and the text that asks for its answer.

    Args:
        engine: that decoded the branches.
        prompts: that they were decoded from.
        branches: cut before their end of text or stop string.
        decoding: of the branches; its ``ask`` says what is asked, and how long the answer may be.
        groups: as in :func:`lib.decoding.branching.decode`.

    Returns:
        one branch for each, without the text that asks.
    """
    question = engine.tokenizer(decoding.ask.text, add_special_tokens=False)["input_ids"]
    asked = [
        Prompt(
            prompts[branch.prompt].item,
            [*prompts[branch.prompt].ids, *written(engine.tokenizer, branch), *question],
        )
        for branch in branches
    ]
    greedy = Decoding("top-k", 1, decoding.ask.max_new_tokens, decoding.ask.stop, decoding.rows)
    found: dict[int, Branch] = {}
    for chosen in batches(asked, greedy):
        answers = engine.decode([asked[index] for index in chosen], greedy, groups)
        found |= {chosen[answer.prompt]: answer for answer in answers}
    return [found[index] for index in range(len(branches))]


def written(tokenizer: PreTrainedTokenizerBase, branch: Branch) -> list[int]:
    """The tokens of a branch whose text is in its completion: without end of text and stop string."""
    count = len(branch.token_ids)
    while count and not branch.completion.startswith(tokenizer.decode(branch.token_ids[:count])):
        count -= 1
    return branch.token_ids[:count]
