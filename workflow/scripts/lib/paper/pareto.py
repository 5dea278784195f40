"""Which of several choices are worth their price."""

from __future__ import annotations

from collections.abc import Sequence


def front(prices: Sequence[float], values: Sequence[float]) -> list[bool]:
    """Whether each choice is on the Pareto front: none has more value for no more price, or as much for less.

    Args:
        prices: less is better.
        values: of the same choices; more is better.
    """
    pairs = list(zip(prices, values, strict=True))
    return [
        not any(
            other <= price and worth >= value and (other, worth) != (price, value) for other, worth in pairs
        )
        for price, value in pairs
    ]
