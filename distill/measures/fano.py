"""Fano's inequality: how often one must err who knows no more than this."""

import numpy as np

__all__ = ["fano_floor"]


def fano_floor(information: np.ndarray, entropy: float, classes: int) -> np.ndarray:
    """Smallest error P with h2(P) + P log2(C − 1) ≥ H(Y) − I (Fano 1961; THEORY 8.5), bits in, shares out.

    The left side rises up to P = 1 − 1/C, where it is log2 C, so that the floor is found by bisection.
    Without an I (NaN) there is no floor (NaN).
    """
    missing = entropy - np.asarray(information, float)
    low, high = np.zeros(missing.shape), np.full(missing.shape, 1 - 1 / classes)
    for _ in range(50):
        middle = (low + high) / 2
        entropies = -middle * np.log2(middle) - (1 - middle) * np.log2(1 - middle) + middle * np.log2(classes - 1)
        enough = entropies >= missing
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(missing > 0, high, np.where(np.isnan(missing), np.nan, 0.0))
