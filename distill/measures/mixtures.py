"""I(X;Z) and I(Z;Y) of Gaussian encoders, exact on the N points they are given: no decoder, no marginal."""

import math
from typing import TYPE_CHECKING, NamedTuple

from distill.errors import InvalidValue

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Mixture", "mixture"]

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
    import torch

    if not bool((scale > 0).all()):
        raise InvalidValue(f"mixture needs every scale above 0; the smallest is {float(scale.min()):g}")
    # differences of squares need float64, which MPS lacks
    place = "cpu" if mean.device.type == "mps" else mean.device
    mean, scale, noise = (each.to(place).double() for each in (mean, scale, noise))
    labels = labels.to(place)
    block = max(1, LARGEST_BLOCK // max(1, mean.shape[1] ** 2))
    parts = [
        torch.stack([_of_block(mean[i : i + block], scale[i : i + block], each, labels) for each in noise]).mean(0)
        for i in range(0, len(mean), block)
    ]
    values = torch.cat(parts, dim=1) / math.log(2)  # (2, S, N) bits
    average, error = values.mean(-1), values.std(-1) / math.sqrt(values.shape[-1])
    return Mixture(average[0], average[1], error[0], error[1])


def _of_block(mean: "Tensor", scale: "Tensor", noise: "Tensor", labels: "Tensor") -> "Tensor":
    """Pointwise estimates in nats for one draw: (2, S, N), of X and of Y."""
    import torch

    items, one_hot = mean.shape[1], torch.nn.functional.one_hot(labels).to(mean.dtype)
    log_own = -0.5 * noise.square().sum(-1) - scale.log().sum(-1)  # (S, N), exact: no difference of large squares
    log_all = _log_densities(mean, scale, noise)
    log_all.diagonal(dim1=1, dim2=2).copy_(log_own)
    largest = log_all.amax(-1, keepdim=True)
    # what is left is at most 0, and a sum of N such terms loses nothing to float32, whose exp is many times faster
    by_class = (log_all.sub_(largest).float().clamp_(min=SMALLEST_LOG).exp_() @ one_hot.float()).to(
        mean.dtype
    )  # (S, N, classes)
    log_mean = by_class.sum(-1).log() + largest.squeeze(-1) - math.log(items)
    own_class = by_class.gather(-1, labels.expand(len(mean), -1).unsqueeze(-1)).squeeze(-1)
    log_class = own_class.log() + largest.squeeze(-1) - one_hot.sum(0)[labels].log()
    return torch.stack([log_own - log_mean, log_class - log_mean])


def _log_densities(mean: "Tensor", scale: "Tensor", noise: "Tensor") -> "Tensor":
    """log q(z_i|x_j) up to the common −K/2 log 2π, (S, N, N): squares expanded, so that it is one matrix product."""
    import torch

    centre = mean.mean(1, keepdim=True)  # smaller numbers lose less when their squares are subtracted
    mean = mean - centre
    codes, precision = mean + scale * noise, scale.square().reciprocal()
    left = torch.cat([codes.square(), codes], dim=-1)
    right = torch.cat([-0.5 * precision, mean * precision], dim=-1)
    offset = (-0.5 * mean.square() * precision - scale.log()).sum(-1)
    return torch.baddbmm(offset.unsqueeze(1), left, right.transpose(1, 2))
