"""The N encoders' densities at the N codes, without torch: what several estimators of one frozen run share."""

import numpy as np

from distill.errors import InvalidValue

SMALLEST_LOG = -80.0  # e⁻⁸⁰ adds nothing to a sum that holds 1, and exp is slow where it underflows


def log_densities(mean: np.ndarray, scale: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """log q(z_i|x_j) of z = μ + σ ε, up to −K/2 ln 2π: (draws, N, N) nats, for mean and scale (N, K).

    Squares expanded, so that it is one matrix product; the diagonal is exact. `noise` is (draws, N, K).

    Raises:
        InvalidValue: where a scale is 0 or below: such a code has no density.
    """
    if not (scale > 0).all():
        raise InvalidValue(f"a code has a density where every scale is above 0; the smallest is {scale.min():g}")
    mean = mean - mean.mean(0)  # smaller numbers lose less when their squares are subtracted
    codes, precision = mean + scale * noise, scale**-2.0
    left = np.concatenate([codes**2, codes], -1)
    right = np.concatenate([-0.5 * precision, mean * precision], -1)
    logs = left @ right.T + (-0.5 * mean**2 * precision - np.log(scale)).sum(-1)
    items = np.arange(len(mean))
    logs[:, items, items] = -0.5 * (noise**2).sum(-1) - np.log(scale).sum(-1)
    return logs


def class_log_means(logs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log 1/N Σ_j q(z_i|x_j), (draws, N), and log 1/N_y Σ_{j: y_j = y} q(z_i|x_j), (draws, N, C); nats."""
    one_hot = np.eye(labels.max() + 1, dtype=np.float32)[labels]
    largest = logs.max(-1, keepdims=True)
    sums = (np.exp((logs - largest).clip(SMALLEST_LOG).astype(np.float32)) @ one_hot).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # a label that no item has
        by_class = np.log(sums) - np.log(one_hot.sum(0, dtype=np.float64)) + largest
    return np.log(sums.sum(-1) / len(labels)) + largest[..., 0], by_class


def pointwise(logs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Bits (2, draws, N): log q(z_i|x_i) and log q(z_i|y_i), each less log q(z_i)."""
    everyone, by_class = class_log_means(logs, labels)
    items = np.arange(len(labels))
    return np.stack([logs[:, items, items] - everyone, by_class[:, items, labels] - everyone]) / np.log(2)


def pointwise_left_out(logs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """As `pointwise`, item i itself left out of every sum; NaN for Y where it is alone in its class."""
    items, sizes = np.arange(len(labels)), np.bincount(labels)[labels]
    own, others = logs[:, items, items], logs.copy()
    others[:, items, items] = -np.inf
    everyone = _log_sum(others) - np.log(len(labels) - 1)
    # on its own scale: others of the class may be far beyond the nearest of all
    mates = _log_sum(np.where(labels[:, None] == labels, others, -np.inf))
    mates = np.where(sizes > 1, mates - np.log(np.maximum(sizes - 1, 1)), np.nan)
    return np.stack([own - everyone, mates - everyone]) / np.log(2)


def _log_sum(logs: np.ndarray) -> np.ndarray:
    """log Σ exp along the last axis; −∞ stands for an absent term, and for a sum without any."""
    largest = logs.max(-1, keepdims=True)
    from_largest = logs - np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):
        sums = np.exp(from_largest.astype(np.float32)).sum(-1, dtype=np.float64)
        return np.log(sums) + largest[..., 0]
