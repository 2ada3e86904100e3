"""MacKay's two companions of the bottleneck, by Blahut and Arimoto: rate against distortion, and channel capacity."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from distill.errors import InvalidValue
from distill.exact import _joints

__all__ = ["Capacity", "RateDistortion", "channel_capacity", "rate_distortion"]

STEPS = 200_000
TOLERANCE = 1e-10  # bits between the bounds at which a search ends


class RateDistortion(NamedTuple):
    """One point of R(D) for each slope, in the order of the slopes.

    rate: I(X;X̂), (slope,) bits. distortion: its mean, (slope,). channel: q(x̂|x), (slope, x, x̂).
    """

    rate: np.ndarray
    distortion: np.ndarray
    channel: np.ndarray


class Capacity(NamedTuple):
    """bits: the capacity, at most 1e-10 below the truth. p_x: (x,), an input distribution that reaches it."""

    bits: float
    p_x: np.ndarray


def rate_distortion(p_x: ArrayLike, distortion: ArrayLike, slopes: ArrayLike) -> RateDistortion:
    """min over q(x̂|x) of I(X;X̂) + s E d(x, x̂): the point of R(D) at which dR/dD = −s   (Blahut 1972).

    q(x̂|x) ∝ q(x̂) 2^(−s d(x, x̂)), until Blahut's bounds on the minimum are 1e-10 bits apart. The bottleneck is this
    problem with d = KL[p(y|x)‖q(y|t)] and s = 1/β, where the reproductions q(y|t) move too (Tishby et al. 1999).

    Args:
        p_x: (x,) probabilities or counts. distortion: (x, x̂), each 0 or above.
        slopes: (slope,) bits for a unit of distortion, 0 or above; 0 is the least distortion that no bit buys.

    Raises:
        InvalidValue: naming the cell that is negative or no number; where p_x holds only zeros, or the two do not fit.
    """
    source = _joints.checked(p_x, "p_x", 1)
    if not source.any():
        raise InvalidValue(f"p_x of length {len(source)} holds only zeros; at least one must be above 0")
    source /= source.sum()
    cost = _joints.checked(distortion, "distortion", 2)
    if len(cost) != len(source):
        raise InvalidValue(f"distortion has {len(cost)} rows and p_x {len(source)} entries; each x needs one of both")
    found = [_point(source, cost, slope) for slope in _joints.strengths(slopes, "slopes")]
    return RateDistortion(*(np.array(each) for each in zip(*found, strict=True)))


def channel_capacity(p_y_given_x: ArrayLike) -> Capacity:
    """max over p(x) of I(X;Y) of a channel   (Arimoto 1972; MacKay 2003, chapter 9).

    p(x) ∝ p(x) 2^(KL[p(y|x)‖p(y)]) until the largest and the mean divergence, between which the capacity lies, are
    1e-10 bits apart.

    Args:
        p_y_given_x: (x, y), a row for each input; rows of counts are normalised.

    Raises:
        InvalidValue: naming the cell that is negative or no number, or the row of zeros.
    """
    rows = _joints.checked(p_y_given_x, "p_y_given_x", 2)
    sums = rows.sum(1, keepdims=True)
    if not sums.all():
        raise InvalidValue(f"row {int(np.argmin(sums))} of p_y_given_x holds only zeros; each input needs an output")
    rows /= sums
    p_x = np.full(len(rows), 1 / len(rows))
    negative_entropy = np.sum(rows * np.log2(np.where(rows > 0, rows, 1.0)), axis=1)
    for _ in range(STEPS):
        p_y = p_x @ rows
        divergence = negative_entropy - rows @ np.log2(np.where(p_y > 0, p_y, 1.0))
        if divergence.max() - p_x @ divergence < TOLERANCE:
            break
        p_x = p_x * np.exp2(divergence - divergence.max())
        p_x /= p_x.sum()
    return Capacity(float(_joints.information_through(p_x, rows)), p_x)


def _point(p_x: np.ndarray, cost: np.ndarray, slope: float) -> tuple[float, float, np.ndarray]:
    if slope == 0:
        channel = np.zeros_like(cost)
        channel[:, np.argmin(p_x @ cost)] = 1.0
        return 0.0, float((p_x @ cost).min()), channel
    marginal = np.full(cost.shape[1], 1 / cost.shape[1])
    affinity = np.exp2(-slope * (cost - cost.min(1, keepdims=True)))
    for _ in range(STEPS):
        gain = (p_x / (affinity @ marginal)) @ affinity
        # the minimum lies between these two (Blahut 1972, theorem 6)
        if np.log2(gain.max()) - marginal @ (gain * np.log2(np.maximum(gain, 1e-300))) < TOLERANCE:
            break
        marginal = marginal * gain
    channel = affinity * marginal
    channel /= channel.sum(1, keepdims=True)
    return float(_joints.information_through(p_x, channel)), float(np.sum(p_x[:, None] * channel * cost)), channel
