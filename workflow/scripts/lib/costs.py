"""What training costs by its parameters alone, to be held against what was measured."""

from __future__ import annotations

FLOAT32 = 4  # bytes: what is trained, its gradients and the optimizer's moments
FORWARD = 2  # operations of a weight for a token: a product and a sum


def flops_per_token(frozen: int, trained: int) -> int:
    """Floating-point operations of a training step for each token that it reads.

    A weight takes two operations a token on the way forward, and four on the way back: two for the
    gradient of its input, two for its own (Kaplan et al. 2020, section 2.1). A frozen weight needs no
    gradient of its own. So it is 6 N where all N weights are trained, and 4 N + 6 n for an adapter of n
    weights on N. Attention over the context is left out, as there.

    Args:
        frozen: weights that are not trained.
        trained: weights that are.
    """
    return 2 * FORWARD * frozen + 3 * FORWARD * trained


def training_bytes(frozen: int, trained: int, item_bytes: int) -> dict[str, int]:
    """Memory that training needs beside activations, by owner, in bytes.

    Frozen weights are kept in the type they were loaded in. Trained ones, their gradients and the two
    moments of AdamW (Loshchilov & Hutter 2019) are float32.

    Args:
        frozen: weights that are not trained.
        trained: weights that are.
        item_bytes: of a frozen weight.
    """
    return {
        "weights": item_bytes * frozen + FLOAT32 * trained,
        "gradients": FLOAT32 * trained,
        "optimizer": 2 * FLOAT32 * trained,
    }
