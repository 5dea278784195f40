"""A new tokenizer on an old model: where the embeddings of the new tokens start."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import torch

ROLES = ("eos", "bos", "pad", "unk")
AT_ONCE = 1024  # tokens whose similarities are in memory together


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


def shared_tokens(
    pieces: list[bytes | None], old: list[bytes | None], roles: dict[int, int]
) -> dict[int, int]:
    """The old id for each new token that both vocabularies have: of the same role, or of the same bytes.

    Where several old tokens stand for the bytes, the last is taken: with byte fallback a byte's own
    token comes before the piece that the old tokenizer writes.

    Args:
        pieces: the bytes of each new token, None where they are not known.
        old: the bytes of each old token.
        roles: as in :func:`old_pieces`.
    """
    ids = {piece: index for index, piece in enumerate(old) if piece is not None}
    return {index: ids[piece] for index, piece in enumerate(pieces) if piece in ids} | roles


def sparsemax(scores: torch.Tensor) -> torch.Tensor:
    """The Euclidean projection of each row of scores onto the simplex (Martins & Astudillo 2016, alg. 1).

    Like softmax it gives weights that sum to 1, but those of low scores are 0.

    Args:
        scores: shape (n, k), k at least 1.
    """
    import torch

    ordered = scores.sort(dim=1, descending=True).values
    beyond = ordered.cumsum(1) - 1
    support = (torch.arange(1, scores.shape[1] + 1) * ordered > beyond).sum(1, keepdim=True)
    return (scores - beyond.gather(1, support - 1) / support).clamp(min=0)


class Combined(NamedTuple):
    """New tokens that start as convex combinations of old ones.

    Attributes:
        tokens: new ids.
        anchors: old ids that they are combined from.
        weights: sparse, shape (tokens, anchors); each row sums to 1.
    """

    tokens: list[int]
    anchors: list[int]
    weights: torch.Tensor

    def rows(self, weight: torch.Tensor) -> torch.Tensor:
        """The rows that the new tokens start with.

        Args:
            weight: old rows, shape (old tokens, width) or, for a bias, (old tokens,).
        """
        import torch

        anchors = weight[self.anchors]
        return torch.sparse.mm(self.weights, anchors.reshape(len(anchors), -1)).reshape(-1, *weight.shape[1:])


def focus(tokens: np.ndarray, vectors: np.ndarray, shared: dict[int, int]) -> Combined:
    """How FOCUS combines new tokens from those that both vocabularies have (Dobler & de Melo 2023).

    The weights of a new token are the sparsemax of its cosine similarities to the shared tokens.

    Args:
        tokens: new ids that have a vector, shape (n,).
        vectors: their vectors, shape (n, dimensions).
        shared: :func:`shared_tokens`.

    Raises:
        ValueError: no shared token has a vector.
    """
    import numpy as np
    import torch

    known = np.isin(tokens, list(shared))
    if not known.any():
        raise ValueError("no shared token has a vector")
    unit = torch.nn.functional.normalize(torch.from_numpy(vectors))
    anchors = unit[known]
    weights = [sparsemax(part @ anchors.T).to_sparse() for part in unit[~known].split(AT_ONCE)]
    return Combined(
        tokens[~known].tolist(), [shared[token] for token in tokens[known].tolist()], torch.cat(weights)
    )
