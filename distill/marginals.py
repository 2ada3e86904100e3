"""Learned marginals r(z): what a code is priced against, where that is not the standard normal."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from distill.networks import Generators, log_normal

SPREAD = 1.5  # of the components at the start, in units of the standard normal


class MixtureMarginal(nn.Module):
    """r(z) = Σ_m w_m N(z; μ_m, diag σ_m²), learned with the encoder, one a model.

    All start at the same places for every β of a seed.
    """

    def __init__(
        self, models: int, latent_dim: int, components: int, generator: Generators, dtype: torch.dtype
    ) -> None:
        super().__init__()
        streams = [generator] if isinstance(generator, torch.Generator) else generator
        each = models // len(streams)
        drawn = [torch.randn(1, components, latent_dim, generator=g, dtype=torch.float64) for g in streams]
        start = torch.cat([SPREAD * one.to(dtype).repeat(each, 1, 1) for one in drawn])
        self.mean = nn.Parameter(start)
        self.log_scale = nn.Parameter(torch.zeros_like(start))
        self.logits = nn.Parameter(torch.zeros(models, components, dtype=dtype))

    def forward(self, codes: Tensor) -> Tensor:
        """log r(z) in nats: (S, N, K) → (S, N). Squares expanded, so that it is one matrix product."""
        precision = (-2 * self.log_scale).exp()
        left = torch.cat([codes.square(), codes], dim=-1)
        right = torch.cat([-0.5 * precision, self.mean * precision], dim=-1)
        constant = -0.5 * codes.shape[-1] * math.log(2 * math.pi)
        offset = (-0.5 * self.mean.square() * precision - self.log_scale).sum(-1) + constant
        offset = offset + F.log_softmax(self.logits, -1)
        return torch.baddbmm(offset.unsqueeze(1), left, right.mT).logsumexp(-1)


class ClassMarginal(nn.Module):
    """b(z|y): one learned Gaussian a class and model (Fischer 2020); Σ_y p(y) b(z|y) is its marginal."""

    def __init__(self, models: int, latent_dim: int, shares: tuple[float, ...], dtype: torch.dtype) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(models, len(shares), latent_dim, dtype=dtype))
        self.log_scale = nn.Parameter(torch.zeros(models, len(shares), latent_dim, dtype=dtype))
        self.register_buffer("log_shares", torch.tensor(shares, dtype=dtype).clamp(min=1e-30).log(), persistent=False)

    def forward(self, codes: Tensor) -> Tensor:
        """log b(z|y) of every class, nats: (S, N, K) → (S, N, C)."""
        return log_normal(codes.unsqueeze(2), self.mean.unsqueeze(1), self.log_scale.exp().unsqueeze(1))


class SymbolMarginal(nn.Module):
    """r(t): a learned distribution over the symbols of a categorical code; −log2 r(t) is what a coder would write."""

    def __init__(self, models: int, symbols: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(models, symbols, dtype=dtype))

    def forward(self, codes: Tensor) -> Tensor:
        """log r(t) in nats of one-hot codes: (S, N, K) → (S, N)."""
        return (codes * F.log_softmax(self.logits, -1).unsqueeze(1)).sum(-1)
