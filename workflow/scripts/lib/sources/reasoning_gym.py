"""Maths: questions of reasoning-gym generators with their answers, worked where there is a worked one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib.cli import UserError
from lib.sources import Document
from lib.splits import normalise

# A generator draws item i from seed + i, so that neighbouring seeds share nearly all questions.
# Generators start this far apart, and each is read only once: the splits are made by question.
SEED_GAP = 10_000_000

ATTEMPTS = 20  # items drawn per question wanted, before a generator counts as exhausted


def documents(settings: dict[str, Any], lang: str, inputs: list[Path], seed: int) -> Iterator[Document]:
    """Questions that are distinct when normalised, the generators in turn.

    Raises:
        UserError: no max_documents, an unknown generator, or one with too few distinct questions.
    """
    from importlib.metadata import version

    import reasoning_gym

    names, most = settings["generators"], settings.get("max_documents")
    if most is None:
        raise UserError("corpora: kind reasoning_gym needs max_documents: its generators never end")
    each = -(-most // len(names))
    streams = []
    for number, name in enumerate(names):
        try:
            items = reasoning_gym.create_dataset(name, seed=seed + number * SEED_GAP, size=ATTEMPTS * each)
        except ValueError as error:
            raise UserError(f"corpora: generators: {name}: {error}; see the list of reasoning-gym") from None
        streams.append(_distinct(name, items, each))
    source = f"reasoning-gym {version('reasoning-gym')}"
    for round_ in zip(*streams, strict=True):
        for name, item in zip(names, round_, strict=True):
            question = item["question"].strip()
            answer = item["metadata"].get("answer_cot", item["answer"])
            yield Document(normalise(question), question, f"{question}\n{answer}", f"{source}:{name}")


def _distinct(name: str, items: Any, wanted: int) -> Iterator[dict[str, Any]]:
    """The first items whose questions differ."""
    seen: set[str] = set()
    for item in items:
        if len(seen) == wanted:
            return
        question = normalise(item["question"])
        if question not in seen:
            seen.add(question)
            yield item
    if len(seen) < wanted:
        raise UserError(
            f"corpora: generators: {name} has only {len(seen)} distinct questions in {len(items)} items, "
            f"{wanted} are needed; lower max_documents or leave the generator out"
        )
