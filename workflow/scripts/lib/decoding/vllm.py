"""Decoding by vLLM (Kwon et al. 2023) on a GPU: the same branches as the project's own engine.

vLLM is not among this project's dependencies: install it where it is used. Its prefix cache takes the
place of reading each prompt once, and its scheduler that of the rows.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lib.cli import UserError
from lib.decoding.branching import Branch, Decoding, Ending, Prompt
from lib.decoding.choosing import Groups
from lib.models import lm
from lib.seeds import derive

MOST_LOGPROBS = 1000  # the most branches that the configuration allows; vLLM's own limit is lower


class Vllm:
    """A model in vLLM, with its adapter merged: not every kind of adapter can be served beside a model."""

    def __init__(self, folder: Path, adapter: Path | None, dtype: str, threads: int) -> None:
        try:
            from vllm import LLM
        except ImportError:
            raise UserError(
                "evaluation.engine: vllm is not installed here; install it (pip install vllm), or set the "
                "key to transformers"
            ) from None
        from transformers import AutoTokenizer, GenerationConfig

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.ends = lm.end_ids(GenerationConfig.from_pretrained(folder), self.tokenizer)
        self.dtype, self.device = str(lm.dtype_of(dtype)), "cuda"
        with tempfile.TemporaryDirectory() as merged:
            if adapter:
                _merge(folder, adapter, dtype, threads, Path(merged))
            self.llm = LLM(
                model=merged if adapter else str(folder),
                tokenizer=str(folder),
                dtype=self.dtype.removeprefix("torch."),
                max_logprobs=MOST_LOGPROBS,
                logprobs_mode="raw_logprobs",
                enable_prefix_caching=True,
            )

    def decode(self, prompts: Sequence[Prompt], decoding: Decoding, groups: Groups | None) -> list[Branch]:
        """See :func:`lib.decoding.branching.decode`.

        Raises:
            UserError: the task compares the masses of words, which vLLM does not tell, or vLLM ends a branch
                early.
        """
        if groups:
            raise UserError(
                "evaluation.engine: vllm does not tell the probabilities of two options, whatever their "
                "spelling; set the key to transformers for this task"
            )
        ending = Ending(self.tokenizer, self.ends, decoding)
        begun = self._sampled if decoding.how == "sample" else self._branched
        branches, going, settings = begun(prompts, decoding, ending)
        asked = [prompts[branch.prompt].ids + branch.token_ids for branch in going]
        for branch, output in zip(going, self._generated(asked, settings), strict=True):
            if _extend(branch, output, ending):
                raise UserError(
                    f"item {prompts[branch.prompt].item}: vLLM ended a branch after "
                    f"{len(branch.token_ids)} tokens, maybe at the end of the model's context; lower "
                    "max_new_tokens of the task, or set evaluation.engine to transformers"
                )
        return branches

    def _branched(
        self, prompts: Sequence[Prompt], decoding: Decoding, ending: Ending
    ) -> tuple[list[Branch], list[Branch], list[dict[str, Any]]]:
        """Greedy stems, and the branches after each: all, those that go on, and with which settings."""
        k = decoding.branches
        first = self._settings(decoding, max_tokens=decoding.position + 1, logprobs=max(k, 2))
        stems = self._generated([prompt.ids for prompt in prompts], [first] * len(prompts))
        branches, going = [], []
        for index, output in enumerate(stems):
            stem = Branch(index, 0)
            if not _extend(stem, output, ending, decoding.position):
                branches.append(stem)
                continue
            parting = output.logprobs[decoding.position]
            best = sorted(parting, key=lambda token: (-parting[token].logprob, token))[:k]
            for number, token in enumerate(best):
                branches.append(stem.fork(number))
                if ending.add(branches[-1], token, _margin(parting), None):
                    going.append(branches[-1])
        left = decoding.max_new_tokens - decoding.position - 1
        return branches, going, [self._settings(decoding, max_tokens=left)] * len(going)

    def _sampled(
        self, prompts: Sequence[Prompt], decoding: Decoding, ending: Ending
    ) -> tuple[list[Branch], list[Branch], list[dict[str, Any]]]:
        """Branches that have yet to begin, each with its own seed."""
        branches = [
            Branch(index, number) for index in range(len(prompts)) for number in range(decoding.branches)
        ]
        settings = [
            self._settings(
                decoding,
                temperature=decoding.temperature,
                top_p=decoding.top_p,
                seed=derive(decoding.seed, "sampling", prompts[branch.prompt].item, branch.branch),
            )
            for branch in branches
        ]
        return branches, branches, settings

    def _settings(self, decoding: Decoding, **changes: Any) -> dict[str, Any]:
        settings = {"temperature": 0.0, "max_tokens": decoding.max_new_tokens, "logprobs": 2}
        ends = {"stop": list(decoding.stop), "stop_token_ids": sorted(self.ends)}
        return {**settings, **ends, "skip_special_tokens": False, **changes}

    def _generated(self, ids: Sequence[list[int]], settings: Sequence[dict[str, Any]]) -> list[Any]:
        """vLLM's completion of each prompt, which is given as ids: text would be tokenized anew."""
        if not ids:
            return []
        from vllm import SamplingParams
        from vllm.inputs import TokensPrompt

        prompts = [TokensPrompt(prompt_token_ids=prompt) for prompt in ids]
        params = [SamplingParams(**one) for one in settings]
        return [request.outputs[0] for request in self.llm.generate(prompts, params, use_tqdm=False)]


def _merge(folder: Path, adapter: Path, dtype: str, threads: int, merged: Path) -> None:
    """Write a model with its adapter merged, and leave no memory of the GPU behind."""
    import torch

    model, _ = lm.load(folder, adapter, dtype, threads)
    model.save_pretrained(merged)
    del model
    torch.cuda.empty_cache()


def _margin(logprobs: dict[int, Any]) -> float:
    """p(top 1) - p(top 2) of what vLLM tells of one position."""
    first, second = sorted((math.exp(one.logprob) for one in logprobs.values()), reverse=True)[:2]
    return first - second


def _extend(branch: Branch, output: Any, ending: Ending, most: int | None = None) -> bool:
    """Add the tokens of vLLM's completion, or the first of them, to a branch; whether the branch goes on."""
    steps = list(zip(output.token_ids, output.logprobs, strict=True))[:most]
    return all(ending.add(branch, token, _margin(logprobs), None) for token, logprobs in steps)
