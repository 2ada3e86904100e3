"""The range coder's output as bytes, and as few of them as say it."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from constriction.stream.queue import RangeDecoder, RangeEncoder

STATE = 64  # bits of the coder's interval


def shortest(encoder: "RangeEncoder") -> bytes:
    """The shortest bytes that the coder's last interval holds: at most one more than its −log2 P bits.

    The coder itself ends on whole words of 32 bits, which for a single item is most of what is written. Any number
    within its interval decodes to the same symbols when zeros follow, so the one with the most trailing zero bytes is
    taken and these are left out.
    """
    words, (emitted, (lower, width)) = encoder.get_compressed(), encoder.pos()
    length = 32 * emitted + STATE
    value = int.from_bytes(words.astype(">u4").tobytes(), "big") << (length - 32 * len(words))
    low = value - ((value - lower) % 2**STATE)  # the coder keeps the last 64 bits of it
    # a multiple of 2^d lies in the interval if the numbers before its first and at its last differ above bit d
    highest = ((low - 1) ^ (low + width - 1)).bit_length() - 1 if low else length
    dropped = highest // 8 * 8
    return (-(-low >> dropped)).to_bytes((length - dropped) // 8, "big")


def reading(blob: bytes) -> "RangeDecoder":
    """A decoder of such bytes; what was left out are zeros."""
    from constriction import stream

    whole = np.frombuffer(blob + bytes(-len(blob) % 4), ">u4")
    return stream.queue.RangeDecoder(whole.astype(np.uint32))
