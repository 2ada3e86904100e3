"""Entropies: of shares, of whole numbers, of the rows of a table."""

import numpy as np

__all__ = ["entropy_bits", "entropy_of_rows", "entropy_of_shares"]


def entropy_of_shares(shares: np.ndarray) -> np.ndarray:
    """−Σ p log2 p along the last axis, bits, with 0 log 0 = 0; never below 0."""
    return np.maximum(0.0, -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(-1))


def entropy_bits(values: np.ndarray) -> float:
    """Plug-in entropy of whole numbers, bits."""
    return float(entropy_of_shares(np.unique(values, return_counts=True)[1] / len(values)))


def entropy_of_rows(values: np.ndarray) -> float:
    """Plug-in entropy of the rows of (N, D), bits: log2 N where they are all distinct."""
    different, which = np.unique(values, axis=0, return_inverse=True)
    # to the last digit the ceiling that is drawn as log2 N
    return float(np.log2(len(values))) if len(different) == len(values) else entropy_bits(which.ravel())
