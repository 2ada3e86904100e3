"""Stacked networks: S models are one model whose weights have a leading axis, weights (S, in, out)."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SMALLEST_SCALE = 1e-6  # keeps log σ finite where β = 0 lets the noise vanish


class StackedLinear(nn.Module):
    """S linear maps in one; all start from the same weights, so that what differs later is β alone.

    The start is that of torch.nn.Linear: uniform within ±1/√in.
    """

    def __init__(self, models: int, inputs: int, outputs: int, generator: torch.Generator, dtype: torch.dtype) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        # drawn in float64 on the CPU whatever the device and the precision: the same seed is the same start
        weight = torch.empty(1, inputs, outputs, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
        bias = torch.empty(1, 1, outputs, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
        self.weight = nn.Parameter(weight.to(dtype).repeat(models, 1, 1))
        self.bias = nn.Parameter(bias.to(dtype).repeat(models, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(S, N, in) or (N, in), shared by the models → (S, N, out)."""
        if x.ndim == 2:
            x = x.expand(len(self.weight), *x.shape)
        return torch.baddbmm(self.bias, x, self.weight)


class Rectifier(nn.Module):
    """max(0, x), written over x; on the way back over the gradient too, which no other layer may then be reading.

    Fresh memory for that gradient cost a tenth of a training step.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Any shape → the same, and x is lost."""
        return _Rectified.apply(x)


class _Rectified(torch.autograd.Function):
    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        context.mark_dirty(x)
        context.save_for_backward(x.relu_())
        return x

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
        (rectified,) = context.saved_tensors
        return torch.ops.aten.threshold_backward.grad_input(gradient, rectified, 0, grad_input=gradient)


class StackedMLP(nn.Sequential):
    """S multilayer perceptrons with ReLU between their layers."""

    def __init__(self, models: int, widths: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            layers += [StackedLinear(models, inputs, outputs, generator, dtype), Rectifier()]
        super().__init__(*layers[:-1])


class Bottleneck(nn.Module):
    """S encoders q(z|x) = N(μ(x), diag σ(x)²) and S decoders q(y|z), linear without `decoder_hidden`.

    Alemi et al. (2017, §4); their decoder is linear. σ = softplus(ρ) + 1e-6. With `stochastic` false the code is μ(x)
    and σ is 0.
    """

    def __init__(
        self, models: int, inputs: int, hidden: tuple[int, ...], latent_dim: int, classes: int,
        stochastic: bool, generator: torch.Generator, dtype: torch.dtype, decoder_hidden: tuple[int, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self.stochastic = stochastic
        heads = 2 * latent_dim if stochastic else latent_dim
        self.encoder = StackedMLP(models, (inputs, *hidden, heads), generator, dtype)
        widths = (latent_dim, *decoder_hidden, classes)
        # a linear one is no stack, so that its weights keep the names that they have in checkpoints
        self.decoder = (
            StackedMLP(models, widths, generator, dtype)
            if decoder_hidden
            else StackedLinear(models, latent_dim, classes, generator, dtype)
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (N, D) → mean and scale, (S, N, K) each."""
        heads = self.encoder(x)
        if not self.stochastic:
            return heads, torch.zeros_like(heads)
        mean, rho = heads.chunk(2, dim=-1)
        return mean, SMALLEST_SCALE - F.logsigmoid(-rho)  # softplus, whose own kernel takes ten times as long

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (S, N, K) → logits (S, N, C)."""
        return self.decoder(codes)


def gaussian_rate(mean: Tensor, scale: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) in nats, summed over the latent axis: (…, K) → (…).

    ½ Σ_k (μ_k² + σ_k² − 1 − ln σ_k²)  (Kingma & Welling 2014, app. B; Alemi et al. 2017, §4).
    """
    return 0.5 * (mean.square() + scale.square() - 1).sum(-1) - scale.log().sum(-1)


def label_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """−log q(y|z) in nats: logits (…, N, C), labels (N,) → (…, N)."""
    # with the classes along an axis that is not the last, softmax runs over items in step
    by_class = logits.reshape(-1, *logits.shape[-2:]).mT.contiguous()
    return F.cross_entropy(by_class, labels.expand(len(by_class), -1), reduction="none").view(logits.shape[:-1])
