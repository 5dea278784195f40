"""Windows of equal token length, packed from documents: what attention is measured on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lib.models.lm import prefix_ids

if TYPE_CHECKING:
    import pandas as pd
    from transformers import PreTrainedTokenizerBase

SEPARATOR = "\n\n"  # between the documents of a window


class Windows(NamedTuple):
    """Windows without padding, and where each token stands in its text.

    Attributes:
        ids: token ids, shape (windows, tokens).
        starts: the character (code point) at which each token starts, counted from the start of
            the window, shape (windows, tokens).
    """

    ids: np.ndarray
    starts: np.ndarray


def texts_of_groups(languages: Sequence[pd.DataFrame], seed: int) -> list[str]:
    """One text of each group of documents, in an order drawn at random.

    Documents of one group are parallel, or parts of one file; either way they are not independent.

    Args:
        languages: a table of documents per language (contract corpus.DOCUMENTS). Where there are
            several, a text is a line of each, and groups that a language lacks are left out.
        seed: of the order, and of the choice where a group has several documents in a language.
    """
    sides = [
        documents.sort_values("doc_id")
        .sample(frac=1, random_state=seed)
        .drop_duplicates("group_id")
        .set_index("group_id")["text"]
        for documents in languages
    ]
    shared = [group for group in sides[0].index if all(group in side.index for side in sides)]
    return ["\n".join(side.at[group] for side in sides) for group in shared]


def pack(
    tokenizer: PreTrainedTokenizerBase, texts: Iterable[str], tokens: int, count: int, seed: int
) -> Windows:
    """Cut texts into windows of exactly ``tokens`` tokens, so that no text is in two windows.

    Texts are joined until a window is full, and what is left of the last one is dropped. A text
    that fills a window alone gives one, from a place drawn at random: the beginnings of long
    texts (licences, docstrings) are not like the rest. Each window starts with the special tokens
    that the tokenizer itself puts before a text; they stand at character 0.

    Windows that share no text are independent units for a bootstrap. Nothing keeps attention within
    one text of a window: where texts are short, a part of what is reached is in earlier ones.

    Args:
        tokenizer: a fast tokenizer; its offsets say where tokens start.
        texts: documents, in the order in which they are used; read until there are enough windows.
        tokens: length of a window.
        count: windows wanted.
        seed: of the places in long texts.

    Returns:
        At most ``count`` windows: fewer when the texts do not suffice.

    Raises:
        ValueError: the tokenizer has no offsets, or no room for text beside its special tokens.
    """
    if not tokenizer.is_fast:
        raise ValueError("this tokenizer has no fast version, so nothing says where its tokens start")
    prefix = prefix_ids(tokenizer)
    room = tokens - len(prefix)
    if room < 1:
        raise ValueError(f"{tokens} tokens leave no room for text")
    rng = np.random.default_rng(seed)
    ids, starts = [], []
    open_ids: list[int] = []
    open_starts: list[int] = []
    open_characters = 0
    for text in texts:
        if len(ids) == count:
            break
        text = text + SEPARATOR
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        text_ids, text_starts = encoded["input_ids"], [start for start, _ in encoded["offset_mapping"]]
        if len(text_ids) >= room:
            first = int(rng.integers(0, len(text_ids) - room + 1))
            ids.append(text_ids[first : first + room])
            starts.append([start - text_starts[first] for start in text_starts[first : first + room]])
            continue
        open_ids += text_ids
        open_starts += [open_characters + start for start in text_starts]
        open_characters += len(text)
        if len(open_ids) >= room:
            ids.append(open_ids[:room])
            starts.append(open_starts[:room])
            open_ids, open_starts, open_characters = [], [], 0
    lead = np.tile(np.array(prefix, np.int64), (len(ids), 1))
    return Windows(
        np.hstack([lead, np.array(ids, np.int64).reshape(-1, room)]),
        np.hstack([np.zeros_like(lead), np.array(starts, np.int64).reshape(-1, room)]),
    )
