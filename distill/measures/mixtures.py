"""I(X;Z) and I(Z;Y) of Gaussian encoders, exact on the N points they are given: no decoder, no marginal."""

import math
from typing import TYPE_CHECKING, NamedTuple

from distill.errors import InvalidValue

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Mixture", "joint_mixture", "mixture", "pointwise"]

SMALLEST_LOG = -80.0  # e⁻⁸⁰ adds nothing to a sum that holds 1, and exp is slow where it underflows
LARGEST_BLOCK = 4_000_000  # densities held at once: 32 MB a working array


class Mixture(NamedTuple):
    """Estimates for S models, bits, (S,) each, float64; `error_*` is the standard error over the N points."""

    information_x: "Tensor"
    information_y: "Tensor"
    error_x: "Tensor"
    error_y: "Tensor"


def mixture(mean: "Tensor", scale: "Tensor", noise: "Tensor", labels: "Tensor") -> Mixture:
    """What codes z = μ + σ ε tell of which of the N items they belong to, and of its label.

    I_N(X;Z) = E[log q(z_i|x_i) − log 1/N Σ_j q(z_i|x_j)]   (van den Oord et al. 2018 with the true density;
    I_N(Z;Y) = E[log 1/N_y Σ_{j: y_j = y_i} q(z_i|x_j) − log 1/N Σ_j q(z_i|x_j)]      Poole et al. 2019).

    The first is never above log2 N and in expectation a lower bound on the population's I(X;Z). The second is never
    above the labels' entropy, and obeys the data-processing inequality by construction.

    Args:
        mean, scale: (S, N, K), the scale above 0.
        noise: (draws, N, K) standard normal, shared by the models.
        labels: (N,) whole numbers from 0.

    Raises:
        InvalidValue: where a scale is 0 or below: such a code has no density.
    """
    values = pointwise(mean, scale, noise, labels)
    average, error = values.mean(-1), values.std(-1) / math.sqrt(values.shape[-1])
    return Mixture(average[0], average[1], error[0], error[1])


def pointwise(mean: "Tensor", scale: "Tensor", noise: "Tensor", labels: "Tensor") -> "Tensor":
    """What the means of `mixture` are taken over, averaged over the draws: (2, S, N) bits, float64.

    First log2 q(z_i|x_i) − log2 1/N Σ_j q(z_i|x_j), then the same with the encoders of the item's own label in the
    place of its own: how far its code tells item i, and its label, from the others. Either may be below 0.
    """
    import torch

    mean, scale, noise = _prepared(mean, scale, noise)
    shares = torch.nn.functional.one_hot(labels.to(mean.device)).to(mean.dtype) / len(labels)
    return torch.stack([_pointwise(mean, scale, each[None], shares).squeeze(2) for each in noise]).mean(0)


def joint_mixture(mean: "Tensor", scale: "Tensor", noise: "Tensor", p_xy: "Tensor") -> Mixture:
    """I(X;Z) and I(Z;Y) of the encoders of n inputs whose distribution is known, `p_xy` (n, C), summing to 1.

    As `mixture`, with p(x) in the place of 1/N and p(y|x) in that of the label: q(z) = Σ_x p(x) q(z|x) and
    q(z|y) = Σ_x p(x|y) q(z|x) are then the population's, and the only error is that of the draws, `error_*`.

    Args:
        mean, scale: (S, n, K), the scale above 0.
        noise: (draws, n, K) standard normal, shared by the models; two draws at least for an error.

    Raises:
        InvalidValue: where a scale is 0 or below.
    """
    mean, scale, noise = _prepared(mean, scale, noise)
    values = _pointwise(mean, scale, noise, p_xy.to(mean))  # (2, S, draws, n)
    weights = p_xy.to(mean).sum(-1)
    average = (values * weights).sum(-1)
    error = average.std(-1) / math.sqrt(len(noise))
    return Mixture(average[0].mean(-1), average[1].mean(-1), error[0], error[1])


def _prepared(mean: "Tensor", scale: "Tensor", noise: "Tensor") -> tuple["Tensor", "Tensor", "Tensor"]:
    if not bool((scale > 0).all()):
        raise InvalidValue(f"mixture needs every scale above 0; the smallest is {float(scale.min()):g}")
    # differences of squares need float64, which MPS lacks
    place = "cpu" if mean.device.type == "mps" else mean.device
    mean, scale, noise = (each.to(place).double() for each in (mean, scale, noise))
    return mean, scale, noise


def _pointwise(mean: "Tensor", scale: "Tensor", noise: "Tensor", shares: "Tensor") -> "Tensor":
    """Pointwise estimates in bits, (2, S, draws, N), of X and of Y; `shares` (N, C) is p(x, y)."""
    import torch

    block = max(1, LARGEST_BLOCK // max(1, len(noise) * mean.shape[1] ** 2))
    parts = [_of_block(mean[i : i + block], scale[i : i + block], noise, shares) for i in range(0, len(mean), block)]
    return torch.cat(parts, dim=1) / math.log(2)


def _of_block(mean: "Tensor", scale: "Tensor", noise: "Tensor", shares: "Tensor") -> "Tensor":
    """Pointwise estimates in nats: (2, S, draws, N)."""
    import torch

    draws, items = noise.shape[:2]
    log_own = -0.5 * noise.square().sum(-1) - scale.log().sum(-1).unsqueeze(1)  # exact: no difference of large squares
    log_all = _log_densities(mean, scale, noise)
    log_all.view(-1, draws, items, items).diagonal(dim1=2, dim2=3).copy_(log_own)
    largest = log_all.amax(-1, keepdim=True)
    # what is left is at most 0, and a sum of N such terms loses nothing to float32, whose exp is many times faster
    relative = log_all.sub_(largest).float().clamp_(min=SMALLEST_LOG).exp_()
    counts = (shares * items).float()  # whole numbers where items count alike, which float32 has exactly
    by_class = (relative @ counts).to(mean.dtype).view(-1, draws, items, shares.shape[1])  # N Σ_x p(x, y) q(z|x)
    largest = largest.view(-1, draws, items) - math.log(items)
    log_mean = by_class.sum(-1).log() + largest
    log_class = (by_class.log() + largest.unsqueeze(-1) - shares.sum(0).log()).nan_to_num(neginf=0.0)
    given = shares / shares.sum(-1, keepdim=True)  # p(y|x); where an item has one label, it picks that one
    log_of_label = (log_class * given).sum(-1)
    return torch.stack([log_own - log_mean, log_of_label - log_mean])


def _log_densities(mean: "Tensor", scale: "Tensor", noise: "Tensor") -> "Tensor":
    """log q(z_i|x_j) up to −K/2 log 2π, (S, draws · N, N): squares expanded, so that it is one matrix product."""
    import torch

    centre = mean.mean(1, keepdim=True)  # smaller numbers lose less when their squares are subtracted
    mean = mean - centre
    codes = (mean.unsqueeze(1) + scale.unsqueeze(1) * noise).flatten(1, 2)
    precision = scale.square().reciprocal()
    left = torch.cat([codes.square(), codes], dim=-1)
    right = torch.cat([-0.5 * precision, mean * precision], dim=-1)
    offset = (-0.5 * mean.square() * precision - scale.log()).sum(-1)
    return torch.baddbmm(offset.unsqueeze(1), left, right.transpose(1, 2))
