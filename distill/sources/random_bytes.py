"""Random bytes: nothing can be known of the next one, so that no coder can win anything."""

from distill.sources import Source
from distill.sources._drawn import of_draws

TITLE = "Random bytes"


def make(count: int = 300_000, seed: int = 0) -> Source:
    """`count` bytes, each of the 256 equally likely and owing nothing to those before: exactly 8 bits each.

    Raises:
        InvalidValue: for a count or a seed outside its limits.
    """
    return of_draws(
        TITLE, 256, lambda generator, n: generator.integers(0, 256, n), count, seed,
        item="byte", entropy_rate=8.0, entropy_note="log2 256, all bytes being equally likely",
    )  # fmt: skip
