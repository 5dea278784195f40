"""How a mix of languages is sampled for the training of a tokenizer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from lib import families
from lib.draws import order_of


def shares(characters: dict[str, int], mix: dict[str, Any]) -> dict[str, float]:
    """Share of each language in a mix, by the one way of weighting that the mix names.

    - ``temperature`` T: p_i proportional to n_i ** (1 / T) (Arivazhagan et al. 2019, sec. 4).
    - ``weights``: p_i proportional to the weight given.
    - ``buckets``: p_i proportional to n_i * b_i (Abagyan et al. 2025), where b_i is uniform
      within the bucket of the language: 1 over the number of its languages.

    Args:
        characters: size n_i of each language's text, in characters.
        mix: the block of the mix; without a way of weighting, the shares of the text.

    Raises:
        ValueError: a language has no text.
    """
    if empty := [lang for lang, n in characters.items() if n == 0]:
        raise ValueError(f"no text in {', '.join(empty)}")
    if "weights" in mix:
        weights = {lang: mix["weights"][lang] for lang in characters}
    elif "buckets" in mix:
        bucket = {lang: families.bucket(lang) for lang in characters}
        members = Counter(bucket.values())
        weights = {lang: n / members[bucket[lang]] for lang, n in characters.items()}
    else:
        weights = {lang: n ** (1 / mix.get("temperature", 1)) for lang, n in characters.items()}
    return {lang: weight / sum(weights.values()) for lang, weight in weights.items()}


def copies(lengths: dict[str, np.ndarray], share: dict[str, float], seed: int) -> dict[str, np.ndarray]:
    """How often each document is read, so that the mix is as large as all its text together.

    A language whose share exceeds its text is read several times over, others in part; what is
    left after whole passes is drawn without replacement. A language's draw depends on its own
    text, share and the seed only.

    Args:
        lengths: characters of each document, by language, shape (n,) each.
        share: of each language, see :func:`shares`.
        seed: of the draw.

    Returns:
        Times that each document is read, by language, in the order of ``lengths``.
    """
    characters = {lang: int(n.sum()) for lang, n in lengths.items()}
    budget = sum(characters.values())
    times = {}
    for lang, part in share.items():
        wanted = part * budget
        whole, rest = divmod(wanted, characters[lang])
        order = order_of(len(lengths[lang]), lang, seed)
        chosen = order[np.cumsum(lengths[lang][order]) <= rest]
        times[lang] = np.full(len(order), int(whole))
        times[lang][chosen] += 1
    return times
