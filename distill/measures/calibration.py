"""Whether a network is right as often as it says: reliability, calibration error, likelihood and Brier score."""

from typing import NamedTuple

import numpy as np

__all__ = [
    "Reliability",
    "brier_score",
    "calibration_floor",
    "expected_calibration_error",
    "negative_log_likelihood",
    "reliability",
]

EDGE = 1e-9  # a confidence that is the upper edge of a bin but for rounding belongs to that bin


class Reliability(NamedTuple):
    """Bin by bin (…, bins): mean confidence, share decoded rightly, share of the items; NaN and 0 for an empty bin."""

    confidence: np.ndarray
    accuracy: np.ndarray
    share: np.ndarray


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> Reliability:
    """How often the likeliest class is right, among items for which its probability is about the same.

    Bins are ((m − 1)/M, m/M] (Guo et al. 2017, eq. 2 and figure 1).

    Args:
        probabilities: (…, N, C), each row summing to 1.
        labels: (N,) whole numbers from 0.
    """
    confidence, place = _confidence(probabilities, bins)
    right = probabilities.argmax(-1) == labels
    count = _summed(np.ones_like(confidence), place, bins)
    with np.errstate(invalid="ignore"):
        return Reliability(
            _summed(confidence, place, bins) / count, _summed(right, place, bins) / count, count / confidence.shape[-1]
        )


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> np.ndarray:
    """Σ_m (n_m / N) |accuracy_m − confidence_m|, (…,) in 0 … 1 (Naeini et al. 2015; Guo et al. 2017, eq. 3).

    Of N items it is never 0, not even for a network that is right just as often as it says: see `calibration_floor`.
    Arguments as for `reliability`.
    """
    found = reliability(probabilities, labels, bins)
    return (found.share * np.abs(np.nan_to_num(found.accuracy - found.confidence))).sum(-1)


def calibration_floor(probabilities: np.ndarray, bins: int = 15) -> np.ndarray:
    """The calibration error to be expected by chance where every confidence is the true probability, (…,).

    In each bin the number of right items then has the variance v = Σ c_i (1 − c_i), and its mean distance from Σ c_i
    is √(2v/π) where it is near normal: Σ_m √(2 v_m / π) / N. Never above Σ 2 c_i (1 − c_i) / N, the mean distance item
    by item, which is what holds where few items are doubtful.

    Args:
        probabilities: (…, N, C), each row summing to 1.
    """
    confidence, place = _confidence(probabilities, bins)
    variance = _summed(confidence * (1 - confidence), place, bins).clip(0)
    return np.minimum(np.sqrt(2 * variance / np.pi), 2 * variance).sum(-1) / confidence.shape[-1]


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """E[−log2 q(y)], bits, (…,); infinite where a label was given no probability at all. Arguments as above."""
    with np.errstate(divide="ignore"):
        return -np.log2(_of_label(probabilities, labels)).mean(-1)


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """E Σ_c (q_c − [y = c])², (…,) in 0 … 2 (Brier 1950, eq. 2). Arguments as above."""
    return (np.square(probabilities).sum(-1) - 2 * _of_label(probabilities, labels) + 1).mean(-1)


def _confidence(probabilities: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest probability of each item, and the bin that it falls into; (…, N) each."""
    confidence = np.asarray(probabilities, np.float64).max(-1)
    return confidence, (np.ceil(confidence * bins - EDGE).astype(int) - 1).clip(0, bins - 1)


def _summed(values: np.ndarray, place: np.ndarray, bins: int) -> np.ndarray:
    """(…, N) summed over the items of each bin: (…, bins)."""
    rows = np.arange(place[..., 0].size).reshape(*place.shape[:-1], 1)
    flat = np.bincount((place + bins * rows).ravel(), np.asarray(values, np.float64).ravel(), rows.size * bins)
    return flat.reshape(*place.shape[:-1], bins)


def _of_label(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The probability that each item's label was given: (…, N)."""
    probabilities = np.asarray(probabilities, np.float64)
    return probabilities[..., np.arange(len(labels)), labels]
