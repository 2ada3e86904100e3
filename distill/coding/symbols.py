"""Symbols of a categorical code, written by a range coder with the share of each."""

import numpy as np

from distill.coding._words import reading, shortest

TOTAL = 2**20  # shares are told to the coder as whole numbers of this sum, so that all machines tell it the same


def surprises(shares: np.ndarray, symbols: np.ndarray) -> np.ndarray:
    """−log2 of the share of each symbol, bits (n,), as the coder takes them: none is quite 0."""
    counts = _counts(shares)
    return -np.log2(counts[symbols] / counts.sum())


def write(shares: np.ndarray, symbols: np.ndarray) -> bytes:
    """Symbols (n,) from 0 to K − 1 with shares (K,): Σ −log2 share bits and at most 8 more."""
    from constriction import stream

    encoder = stream.queue.RangeEncoder()
    if len(shares) > 1:  # a single symbol says nothing
        encoder.encode(symbols.astype(np.int32), _family(shares))
    return shortest(encoder)


def read(shares: np.ndarray, blob: bytes, count: int) -> np.ndarray:
    """The symbols (count,) that `write` wrote with the same shares."""
    if len(shares) == 1:
        return np.zeros(count, np.int64)
    return reading(blob).decode(_family(shares), count).astype(np.int64)


def _family(shares: np.ndarray) -> object:
    from constriction import stream

    return stream.model.Categorical(_counts(shares), perfect=False)


def _counts(shares: np.ndarray) -> np.ndarray:
    return np.floor(shares.astype(np.float64) * TOTAL) + 1.0
