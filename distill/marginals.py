"""Learned marginals r(z): what a code is priced against, where that is not the standard normal."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from distill.networks import Generators

SPREAD = 1.5  # of the components at the start, in units of the standard normal


class MixtureMarginal(nn.Module):
    """r(z) = Σ_m w_m N(z; μ_m, diag σ_m²), learned with the encoder, one a model.

    All start at the same places for every β of a seed.
    """

    def __init__(
        self, models: int, latent_dim: int, components: int, generator: Generators, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.mean = nn.Parameter(scattered(models, components, latent_dim, generator, dtype))
        self.log_scale = nn.Parameter(torch.zeros_like(self.mean))
        self.logits = nn.Parameter(torch.zeros(models, components, dtype=dtype))

    def forward(self, codes: Tensor) -> Tensor:
        """log r(z) in nats: (S, N, K) → (S, N)."""
        shares = F.log_softmax(self.logits, -1).unsqueeze(1)
        return (log_densities(codes, self.mean, self.log_scale) + shares).logsumexp(-1)


class ClassMarginal(nn.Module):
    """b(z|y): one learned Gaussian a class and model (Fischer 2020); Σ_y p(y) b(z|y) is its marginal.

    They start apart: where all are alike, a strong pull towards them is a pull towards one code for everything.
    """

    def __init__(
        self, models: int, latent_dim: int, shares: tuple[float, ...], generator: Generators, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.mean = nn.Parameter(scattered(models, len(shares), latent_dim, generator, dtype))
        self.log_scale = nn.Parameter(torch.zeros_like(self.mean))
        self.register_buffer("log_shares", torch.tensor(shares, dtype=dtype).clamp(min=1e-30).log(), persistent=False)

    def forward(self, codes: Tensor) -> Tensor:
        """log b(z|y) of every class, nats: (S, N, K) → (S, N, C)."""
        return log_densities(codes, self.mean, self.log_scale)


class SymbolMarginal(nn.Module):
    """r(t): a learned distribution over the symbols of a categorical code; −log2 r(t) is what a coder would write."""

    def __init__(self, models: int, symbols: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(models, symbols, dtype=dtype))

    def forward(self, codes: Tensor) -> Tensor:
        """log r(t) in nats of one-hot codes, or its mean under probabilities of symbols: (S, N, K) → (S, N)."""
        return (codes * F.log_softmax(self.logits, -1).unsqueeze(1)).sum(-1)


def scattered(models: int, count: int, latent_dim: int, generator: Generators, dtype: torch.dtype) -> Tensor:
    """(models, count, latent_dim): normal places, the same for all models of one generator, whatever the precision."""
    streams = [generator] if isinstance(generator, torch.Generator) else generator
    drawn = [torch.randn(1, count, latent_dim, generator=g, dtype=torch.float64) for g in streams]
    return torch.cat([(SPREAD * each).to(dtype).repeat(models // len(streams), 1, 1) for each in drawn])


def log_densities(codes: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """log N(z_i; μ_m, diag σ_m²) in nats, (S, N, K) and (S, M, K) → (S, N, M): squares expanded, one matrix product."""
    precision = (-2 * log_scale).exp()
    left = torch.cat([codes.square(), codes], dim=-1)
    right = torch.cat([-0.5 * precision, mean * precision], dim=-1)
    constant = -0.5 * codes.shape[-1] * math.log(2 * math.pi)
    offset = (-0.5 * mean.square() * precision - log_scale).sum(-1) + constant
    return torch.baddbmm(offset.unsqueeze(1), left, right.mT)
