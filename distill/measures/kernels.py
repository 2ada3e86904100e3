"""Bounds on the information of a layer with Gaussian noise added to it, from distances between its activations."""

from typing import NamedTuple

import numpy as np

from distill.errors import InvalidValue

__all__ = ["CodeBounds", "KernelBounds", "code_bounds", "kde"]

LARGEST_BLOCK = 4_000_000  # kernels held at once: 16 MB in float32
LOWEST = -80.0  # e⁻⁸⁰ adds nothing to a sum that holds 1, and exp is slow where it underflows


class KernelBounds(NamedTuple):
    """Bits; numbers for activations (N, d), arrays of the leading shape for (…, N, d)."""

    upper_x: np.ndarray | float
    lower_x: np.ndarray | float
    difference_y: np.ndarray | float


class CodeBounds(NamedTuple):
    """Bits of one model's codes; the differences for Y are no bounds."""

    upper_x: float
    lower_x: float
    upper_difference_y: float
    lower_difference_y: float


def kde(activations: np.ndarray, labels: np.ndarray, noise_variance: float = 0.1) -> KernelBounds:
    """Pairwise-distance bounds on I(X;T), T = h + N(0, σ² I), and their difference for Y (Kolchinsky & Tracey 2017).

    I(X;T) ≤ −1/N Σ_i log2 1/N Σ_j exp(−‖h_i − h_j‖² / 2σ²); the lower bound has 8σ² in the place of 2σ². Both are at
    most log2 N. `difference_y` is U(all) − Σ_y p(y) U(y), U the upper bound of the items of a class: a difference of
    two bounds and no bound itself, though it is often printed as one.

    Args:
        activations: (…, N, d); a one-dimensional array is N items of one unit.
        labels: (N,) whole numbers.
        noise_variance: σ², in the squared unit of the activations. The noise is the analyst's, not the network's.

    Raises:
        InvalidValue: for a variance of 0 or below, activations that are not finite, or labels of another length.
    """
    values = np.asarray(activations, np.float64)
    values = values[:, None] if values.ndim == 1 else values
    classes = np.unique(labels, return_inverse=True)[1].ravel()
    if not noise_variance > 0:
        raise InvalidValue(f"noise_variance must be above 0; got {noise_variance}")
    if not np.isfinite(values).all():
        raise InvalidValue("kde needs finite activations; some are infinite or no numbers")
    if not len(classes) or len(classes) != values.shape[-2]:
        raise InvalidValue(f"kde needs one label an item; got {len(classes)} for {values.shape[-2]} items")
    groups = values.reshape(-1, *values.shape[-2:])
    one_hot = np.eye(classes.max() + 1, dtype=np.float32)[classes]
    found = np.stack([_of_group(group, one_hot, classes, noise_variance) for group in groups])
    return KernelBounds(*(_shaped(each, values.shape[:-2]) for each in found.T))


def code_bounds(mean: np.ndarray, scale: np.ndarray, labels: np.ndarray) -> CodeBounds:
    """The same for codes N(μ_i, diag σ_i²), (N, K) each, with the noise that they have.

    −1/N Σ_i log2 1/N Σ_j exp(−D(i, j)) is above I_N(X;Z) with the Kullback–Leibler divergence as D, and below it with
    the Bhattacharyya distance (Kolchinsky & Tracey 2017, §3); equal scales make it `kde`. For Y the difference of the
    bounds of all items and of each class. `labels` are whole numbers from 0.

    Raises:
        InvalidValue: where a scale is 0 or below.
    """
    if not (scale > 0).all():
        raise InvalidValue(f"code_bounds needs every scale above 0; the smallest is {scale.min():g}")
    mean = np.asarray(mean - mean.mean(0), np.float64)
    upper_x, upper_y = _from_distances(_divergences(mean, np.asarray(scale, np.float64)), labels)
    lower_x, lower_y = _from_distances(_bhattacharyya(mean.astype(np.float32), scale.astype(np.float32)), labels)
    return CodeBounds(upper_x, lower_x, upper_y, lower_y)


def _divergences(mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """KL(i ‖ j) in nats, (N, N), as one matrix product."""
    precision, logs = scale**-2.0, np.log(scale).sum(-1)
    left = np.concatenate([scale**2 + mean**2, mean], -1)
    right = np.concatenate([0.5 * precision, -mean * precision], -1)
    offset = 0.5 * (mean**2 * precision).sum(-1) + logs - 0.5 * mean.shape[-1]
    return left @ right.T + offset - logs[:, None]


def _bhattacharyya(mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Bhattacharyya distances in nats, (N, N): ⅛ Σ Δ²/s + ½ Σ ln s/(σ_i σ_j), s the mean of the two variances."""
    apart, ratio = np.zeros((2, len(mean), len(mean)), mean.dtype)
    ratio += 1
    with np.errstate(over="ignore"):  # codes that differ beyond float32 are infinitely apart
        for m, s in zip(mean.T, scale.T, strict=True):
            variance = np.add.outer(s**2 / 2, s**2 / 2)
            difference = np.subtract.outer(m, m)
            apart += np.square(difference, out=difference) / variance
            ratio *= variance * np.outer(1 / s, 1 / s)
        return apart / 8 + np.log(ratio) / 2


def _from_distances(apart: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Bits of X and of Y from distances (N, N), the diagonal of which is 0."""
    items, one_hot = np.arange(len(apart)), np.eye(labels.max() + 1, dtype=np.float32)[labels]
    kernel = np.exp((-apart).clip(LOWEST, 0.0).astype(np.float32))
    kernel[items, items] = 1
    by_class = (kernel @ one_hot).astype(np.float64)
    everyone, own = by_class.sum(-1) / len(items), by_class[items, labels] / one_hot.sum(0)[labels]
    return float(-np.log2(everyone).mean()), float(np.log2(own / everyone).mean())


def _of_group(points: np.ndarray, one_hot: np.ndarray, classes: np.ndarray, variance: float) -> np.ndarray:
    """The three figures of points (N, d), in blocks of rows."""
    points = (points - points.mean(0)) / np.sqrt(8 * variance)  # smaller numbers lose less when squares are subtracted
    squares, items = np.square(points).sum(-1), len(points)
    sizes, sums = one_hot.sum(0), np.zeros(3)
    block = max(1, LARGEST_BLOCK // items)
    for start in range(0, items, block):
        rows = np.arange(start, min(start + block, items))
        apart = 2 * (points[rows] @ points.T) - squares[rows, None] - squares  # −‖h_i − h_j‖² / 8σ²
        apart[np.arange(len(rows)), rows] = 0.0
        kernel = np.exp(apart.clip(LOWEST, 0.0).astype(np.float32))
        wide = kernel.sum(-1, dtype=np.float64)
        np.square(np.square(kernel, out=kernel), out=kernel)  # the fourth power: −‖h_i − h_j‖² / 2σ²
        by_class = (kernel @ one_hot).astype(np.float64)
        everyone, own = by_class.sum(-1) / items, by_class[np.arange(len(rows)), classes[rows]] / sizes[classes[rows]]
        sums += np.log2(everyone).sum(), np.log2(wide / items).sum(), np.log2(own / everyone).sum()
    upper, lower, difference = sums * (-1, -1, 1) / items
    return np.array([upper, lower, difference])


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | float:
    return values.reshape(shape) if shape else float(values[0])
