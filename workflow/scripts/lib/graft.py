"""A new tokenizer on an old model: where the embeddings of the new tokens start."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

ROLES = ("eos", "bos", "pad", "unk")


def old_pieces(
    pieces: list[bytes | None],
    encode: Callable[[str], list[int]],
    old: list[bytes | None],
    roles: dict[int, int],
) -> list[list[int]]:
    """The old tokens that spell each new token.

    A token of whole characters is encoded by the old tokenizer; one that holds a part of a
    character is spelt in the old tokenizer's single bytes; a special token is the old special
    token of the same role.

    Args:
        pieces: the bytes of each new token, None where they are not known.
        encode: the old tokenizer, without special tokens.
        old: the bytes of each old token.
        roles: the old id for each new special token that has a role in the old tokenizer.

    Returns:
        Old ids for each new id; empty where the old tokenizer has nothing for it.
    """
    single = {piece[0]: index for index, piece in enumerate(old) if piece is not None and len(piece) == 1}
    found = []
    for index, piece in enumerate(pieces):
        if index in roles:
            found.append([roles[index]])
            continue
        try:
            ids = encode((piece or b"").decode())
        except UnicodeDecodeError:
            ids = [single[byte] for byte in piece or b"" if byte in single]
        found.append(ids)
    return found


def mean_rows(weight: torch.Tensor, pieces: list[list[int]]) -> torch.Tensor:
    """Mean of the old rows of each new token; the mean of all rows where it has none.

    Args:
        weight: old rows, shape (old tokens, width) or, for a bias, (old tokens,).
        pieces: old ids of each new token.

    Returns:
        New rows, shaped like the old ones.
    """
    import torch

    table = torch.cat([weight, weight.mean(0, keepdim=True)])
    lists = [ids or [len(weight)] for ids in pieces]
    offsets = torch.tensor([0, *map(len, lists)]).cumsum(0)[:-1]
    flat = torch.tensor([index for ids in lists for index in ids])
    means = torch.nn.functional.embedding_bag(flat, table.reshape(len(table), -1), offsets, mode="mean")
    return means.reshape(-1, *weight.shape[1:])
