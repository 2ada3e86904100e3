"""The New Testament in the words of King James, in 27 symbols: a text as people wrote it."""

import lzma
import string
from pathlib import Path

import numpy as np

from distill.config import checked_int
from distill.sources import Source

TITLE = "Letters"
DEFAULTS = {"width": 128, "context": 8, "steps": 2000, "learning_rate": 2e-2}
LETTERS = string.ascii_lowercase + " "
TEXT = Path(__file__).parents[2] / "assets" / "data" / "letters.txt.xz"  # made by assets/make_letters.py
MOST = 200_000  # symbols that are sent; all before the last so many are for learning, whatever the count


def make(count: int = MOST) -> Source:
    """`count` letters of the last 200,000 of the New Testament, its first 440,000 to learn from.

    The text (King James, public domain) is lowered, with one space for whatever stands between two letters. Its entropy
    rate is not known: people who guess the next letter of English need about 0.6 to 1.3 bits (Shannon 1951), less than
    any model here gets to.

    Args:
        count: 1,000 … 200,000.

    Raises:
        InvalidValue: for another count.
    """
    count = checked_int("count", count, 1000, MOST)
    codes = symbols(lzma.decompress(TEXT.read_bytes()))
    return Source(
        title=TITLE, symbols=codes[-MOST:][:count], training=codes[:-MOST], alphabet=len(LETTERS), item="letter",
        letters=LETTERS,
    )  # fmt: skip


def symbols(text: bytes) -> np.ndarray:
    """(n,) uint8, the place of each letter in LETTERS, of lower-case letters and spaces."""
    table = np.zeros(256, np.uint8)
    table[list(LETTERS.encode())] = np.arange(len(LETTERS))
    return table[np.frombuffer(text, np.uint8)]
