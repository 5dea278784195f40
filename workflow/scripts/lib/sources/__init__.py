"""Sources of documents: one module per kind, all with one shape.

Each module has one function

    documents(settings, lang, inputs, seed) -> Iterator[Document]

Args:
    settings: the block of the corpus in the config, reduced to what this language needs.
    lang: language to read.
    inputs: files that the rule names as inputs: archives or the user's own files.
    seed: of what is generated.

It yields documents in an order of which each beginning is a fair sample, and raises UserError
for what the user can mend.
"""

from __future__ import annotations

from typing import NamedTuple


class Document(NamedTuple):
    """A text as its source gives it, before it has a split.

    Attributes:
        key: what parallel texts share exactly; documents of one key form a group.
        message: what decides the split, by its normalised form.
        text: the text.
        source: where it was taken from.
    """

    key: str
    message: str
    text: str
    source: str
