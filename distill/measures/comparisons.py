"""Other estimators of the same bits, each with its own way to fail: leave-one-out, InfoNCE, nearest neighbours."""

import math
from typing import NamedTuple

import numpy as np

from distill.errors import InvalidValue
from distill.measures._densities import log_densities, pointwise_left_out

__all__ = ["LeaveOneOut", "info_nce", "ksg", "ksg_labels", "leave_one_out"]

NEIGHBOURS = 3
LARGEST_BLOCK = 4_000_000  # distances held at once: 32 MB an array


class LeaveOneOut(NamedTuple):
    """Bits, (S,) each; `error_*` is the standard error over points, `blown_up` (S,) where X's bits mean nothing."""

    information_x: np.ndarray
    information_y: np.ndarray
    error_x: np.ndarray
    error_y: np.ndarray
    blown_up: np.ndarray


def leave_one_out(mean: np.ndarray, scale: np.ndarray, noise: np.ndarray, labels: np.ndarray) -> LeaveOneOut:
    """E[log q(z_i|x_i) − log 1/(N−1) Σ_{j≠i} q(z_i|x_j)]: above I(X;Z) in expectation (Poole et al. 2019, §2).

    Its companion for Y leaves oneself out of the class as well, and is no bound; items alone in their class are not
    counted. Where no other item's code comes near, the bound is the squared distance to the nearest and grows without
    limit (131 bits for a true 35 in 16 dimensions, THEORY 1). `blown_up` says where it is above log2 N: N items show
    no more than that.

    Args:
        mean, scale: (S, N, K), the scale above 0.
        noise: (draws, N, K) standard normal, shared by the models.
        labels: (N,) whole numbers from 0.

    Raises:
        InvalidValue: where a scale is 0 or below.
    """
    found = []
    for one_mean, one_scale in zip(mean, scale, strict=True):
        values = pointwise_left_out(log_densities(one_mean, one_scale, noise), labels).mean(1)  # (2, N)
        counted = np.isfinite(values).sum(-1)
        found.append([np.nanmean(values, -1), np.nanstd(values, -1, ddof=1) / np.sqrt(counted)])
    average, error = np.array(found).transpose(1, 2, 0)
    return LeaveOneOut(*average, *error, average[0] > math.log2(mean.shape[1]))


def info_nce(scores: np.ndarray, batch: int | None = None) -> np.ndarray | float:
    """E[f(z_i, x_i) − log 1/B Σ_j e^{f(z_i, x_j)}] in bits, from `scores` f(z_i, x_j) (…, N, N) in nats.

    InfoNCE (van den Oord, Li & Vinyals 2018): whatever the critic f, in expectation below I(X;Z), and never above
    log2 B. With the true log-density as f and B = N it is the mixture estimate.

    Args:
        scores: (…, N, N), what belongs together on the diagonal.
        batch: B, contrasts within batches of consecutive items, those left over dropped; None is all N.

    Raises:
        InvalidValue: for scores that are not square, and a batch outside 2 … N.
    """
    *many, items, others = scores.shape
    size = items if batch is None else batch
    if items != others or not 2 <= size <= items:
        raise InvalidValue(f"info_nce needs square scores and a batch of 2 to N; got {scores.shape} and batch {batch}")
    starts = np.arange(0, items - size + 1, size)
    within = starts[:, None] + np.arange(size)
    blocks = scores[..., within[:, :, None], within[:, None, :]]  # (…, batches, B, B)
    largest = blocks.max(-1, keepdims=True)
    mean = np.log(np.exp(blocks - largest).mean(-1)) + largest[..., 0]
    bits = (np.diagonal(blocks, axis1=-2, axis2=-1) - mean).mean((-2, -1)) / math.log(2)
    return bits.reshape(many) if many else float(bits)


def ksg(x: np.ndarray, y: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """I(X;Y) in bits of continuous x (N, d) and y (N, e), from distances to neighbours.

    Kraskov, Stögbauer & Grassberger (2004), eq. 8: ψ(k) + ψ(N) − ⟨ψ(n_x + 1) + ψ(n_y + 1)⟩, n_x the points nearer in
    x than the k-th neighbour is in the larger of both distances (of the largest coordinate; x and y each scaled to
    deviation 1). Neither bound; good in a few dimensions, far too low for strong dependence in many (Gao et al. 2015).

    Raises:
        InvalidValue: for fewer than k + 1 points, other numbers of points in y, values that are not finite, or rows
            that occur twice: the estimator is of continuous variables.
    """
    x, y = _continuous("x", x, neighbours), _continuous("y", y, neighbours)
    if len(x) != len(y):
        raise InvalidValue(f"ksg needs as many points of y as of x; got {len(y)} and {len(x)}")
    found, block = [], max(1, LARGEST_BLOCK // len(x))
    for start in range(0, len(x), block):
        rows = np.arange(start, min(start + block, len(x)))
        found.append(near(distances(x, rows), distances(y, rows), rows, neighbours))
    return ksg_bits(np.concatenate(found, axis=1), len(x), neighbours)


def ksg_labels(codes: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """I(Z;Y) in bits of continuous codes (N, K) and labels (N,) (Ross 2014): ψ(N) + ⟨ψ(k) − ψ(N_y) − ψ(m)⟩.

    m counts the points, oneself among them, nearer than the k-th neighbour of the same label. A label of k items or
    fewer uses the neighbours that it has; an item alone in its label is not counted.

    Raises:
        InvalidValue: for codes that `ksg` would not take.
    """
    from scipy.special import digamma

    codes = _continuous("codes", codes, neighbours)
    classes, sizes = np.unique(labels, return_inverse=True, return_counts=True)[1:]
    sizes, everyone = sizes[classes], np.arange(len(codes))
    apart = distances(codes, everyone)
    mates = np.where((classes[:, None] == classes) & ~np.eye(len(codes), dtype=bool), apart, np.inf)
    order = np.minimum(neighbours, sizes - 1)
    radius = np.sort(mates, axis=1)[everyone, (order - 1).clip(0)]
    counted = sizes > 1
    nearer = (apart < radius[:, None]).sum(1)[counted]
    terms = digamma(order[counted]) - digamma(sizes[counted]) - digamma(nearer)
    return float((digamma(counted.sum()) + terms.mean()) / math.log(2)) if counted.any() else math.nan


def distances(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(rows, N) largest differences of a coordinate."""
    from scipy.spatial.distance import cdist

    return cdist(values[rows], values, "chebyshev")


def near(apart_x: np.ndarray, apart_y: np.ndarray, rows: np.ndarray, neighbours: int) -> np.ndarray:
    """(2, rows): how many points, oneself among them, are nearer than the k-th neighbour, in x and in y."""
    both = np.maximum(apart_x, apart_y)
    both[np.arange(len(rows)), rows] = np.inf
    radius = np.partition(both, neighbours - 1, axis=1)[:, neighbours - 1, None]
    return np.stack([(apart_x < radius).sum(1), (apart_y < radius).sum(1)])


def ksg_bits(nearer: np.ndarray, items: int, neighbours: int = NEIGHBOURS) -> float:
    """The estimate from the counts (2, N) of `near`."""
    from scipy.special import digamma

    return float((digamma(neighbours) + digamma(items) - digamma(nearer).sum(0).mean()) / math.log(2))


def _continuous(name: str, values: np.ndarray, neighbours: int) -> np.ndarray:
    """(N, d) scaled to deviation 1."""
    values = np.asarray(values, np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if neighbours < 1 or len(values) <= neighbours:
        raise InvalidValue(f"{name} must have more points than neighbours, of which 1 at least; got {len(values)}")
    if not np.isfinite(values).all():
        raise InvalidValue(f"{name} must be finite numbers")
    different = len(np.unique(values, axis=0))
    if different < len(values):
        raise InvalidValue(
            f"{name} must be continuous for nearest neighbours to tell anything: of {len(values)} rows only "
            f"{different} differ"
        )
    return values / values.std()
