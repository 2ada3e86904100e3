"""Bytes and seconds of lossless coders on a source: every file is written, read back and compared."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from distill.coding.codecs import Codec
from distill.errors import DistillError
from distill.sources import Source

COUNTS, FEWEST = 8, 100  # sizes of what is sent; of a stream at least so many symbols
LONGEST = 30.0  # seconds: a count that would take longer is left out


@dataclass(frozen=True)
class Measured:
    """What a coder made of a source.

    Attributes:
        bytes: (counts,) size of the file of the first `count` items; NaN where it would have taken too long.
        empty: bytes of the file of nothing.
        encode_seconds, decode_seconds: of the largest count that was written.
    """

    bytes: np.ndarray
    empty: float
    encode_seconds: float
    decode_seconds: float


def counts(items: int, item_symbols: int = 1) -> tuple[int, ...]:
    """About eight numbers of items, evenly spaced in the logarithm, from one (of a stream 100 symbols) to all."""
    least = min(items, 1 if item_symbols > 1 else FEWEST)
    return tuple(sorted({round(least * (items / least) ** (i / (COUNTS - 1))) for i in range(COUNTS)}))


def measured(codec: Codec, source: Source, sent: Iterable[int]) -> Measured:
    """Sizes of the files of the first so many items, smallest count first, each read back.

    Raises:
        DistillError: where what was read back is not what was written.
    """
    sent, found, last, seconds = list(sent), [], 0, (0.0, 0.0)
    for count in sent:
        if last and sum(seconds) * count / last > LONGEST:
            found.append(math.nan)
            continue
        data = source.symbols[: count * source.item_symbols].tobytes()
        size, seconds = written(codec, data)
        found.append(float(size))
        last = count
    return Measured(np.array(found), float(written(codec, b"")[0]), *seconds)


def written(codec: Codec, data: bytes) -> tuple[int, tuple[float, float]]:
    """(bytes of the file, (seconds to write it, seconds to read it)); raises DistillError where it is not the same."""
    times = [time.perf_counter()]
    blob = codec.encode(data)
    times.append(time.perf_counter())
    same = codec.decode(blob) == data
    times.append(time.perf_counter())
    if not same:
        raise DistillError(f"{codec.title} did not give back the {len(data)} symbols that it had written")
    return len(blob), (times[1] - times[0], times[2] - times[1])
