"""How a mix of languages is sampled for the training of a tokenizer."""

from __future__ import annotations

import zlib

import numpy as np


def shares(characters: dict[str, int], temperature: float) -> dict[str, float]:
    """Share of each language in a mix: p_i proportional to n_i ** (1 / T) (Arivazhagan et al. 2019, sec. 4).

    Args:
        characters: size of each language's text, in characters.
        temperature: T; 1 leaves the shares as they are in the text, more evens them out.

    Raises:
        ValueError: a language has no text.
    """
    if empty := [lang for lang, n in characters.items() if n == 0]:
        raise ValueError(f"no text in {', '.join(empty)}")
    weights = {lang: n ** (1 / temperature) for lang, n in characters.items()}
    return {lang: weight / sum(weights.values()) for lang, weight in weights.items()}


def copies(lengths: dict[str, np.ndarray], temperature: float, seed: int) -> dict[str, np.ndarray]:
    """How often each document is read, so that the mix is as large as all its text together.

    A language whose share exceeds its text is read several times over, others in part; what is
    left after whole passes is drawn without replacement. A language's draw depends on its own
    text, share and the seed only.

    Args:
        lengths: characters of each document, by language, shape (n,) each.
        temperature: see :func:`shares`.
        seed: of the draw.

    Returns:
        Times that each document is read, by language, in the order of ``lengths``.
    """
    characters = {lang: int(n.sum()) for lang, n in lengths.items()}
    budget = sum(characters.values())
    times = {}
    for lang, share in shares(characters, temperature).items():
        wanted = share * budget
        whole, rest = divmod(wanted, characters[lang])
        order = np.random.default_rng([seed, zlib.crc32(lang.encode())]).permutation(len(lengths[lang]))
        chosen = order[np.cumsum(lengths[lang][order]) <= rest]
        times[lang] = np.full(len(order), int(whole))
        times[lang][chosen] += 1
    return times
