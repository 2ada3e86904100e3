"""The pigeon-hole count: how few strings any lossless code can make shorter."""

import numpy as np

from distill.config import checked_int

MOST_BITS = 2**40


def share_that_shrinks(bits: int, saved: int) -> float:
    """The largest share of all strings of `bits` bits that a code can write in at least `saved` bits fewer.

    Different strings need different files, and there are only 2^(n−c+1) − 1 files of at most n − c bits (the empty one
    among them), so the share is 2^(1−c) − 2^(−n), below 2^(1−c) whatever the code is; 1 where nothing is saved, 0
    where more is saved than there is.

    Raises:
        InvalidValue: for a negative number.
    """
    bits, saved = checked_int("bits", bits, 0, MOST_BITS), checked_int("saved", saved, 0, MOST_BITS)
    return 0.0 if saved > bits else min(1.0, 2.0 ** (1 - saved) - 2.0**-bits)


def pigeon_hole(bits: int, most: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Bits saved, 0 … `most` (most + 1,), and the largest share of strings of `bits` bits that can save so many.

    Raises:
        InvalidValue: for a negative number.
    """
    saved = np.arange(checked_int("most", most, 0, 4096) + 1)
    return saved, np.array([share_that_shrinks(bits, int(each)) for each in saved])
