"""What sources that are drawn share: how many symbols, and from which seed."""

from collections.abc import Callable

import numpy as np

from distill.config import checked_int
from distill.sources import Source

MOST = 5_000_000
LAST_SEED = 2**31 - 1


def of_draws(
    title: str, alphabet: int, draw: Callable[[np.random.Generator, int], np.ndarray], count: int, seed: int,
    **known: object,
) -> Source:  # fmt: skip
    """`count` symbols to send and as many others to learn from: `draw(generator, n)` gives n in one piece.

    Raises:
        InvalidValue: for a count or a seed outside its limits.
    """
    count, seed = checked_int("count", count, 1, MOST), checked_int("seed", seed, 0, LAST_SEED)
    drawn = draw(np.random.default_rng(seed), 2 * count).astype(np.uint8)
    return Source(title=title, symbols=drawn[:count], training=drawn[count:], alphabet=alphabet, **known)
