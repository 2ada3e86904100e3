"""Stacked networks: S models are one model whose weights have a leading axis, weights (S, in, out)."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Generators = torch.Generator | Sequence[torch.Generator]
LEAST_PROBABILITY = 1e-7
SMALLEST_SCALE = 1e-6  # keeps log σ finite where β = 0 lets the noise vanish


class StackedLinear(nn.Module):
    """Linear maps in one: `models` from each generator, so that what differs between those is β alone.

    Several generators (one a seed) give as many blocks of `models` each. The start is that of torch.nn.Linear: uniform
    within ±1/√in.
    """

    def __init__(self, models: int, inputs: int, outputs: int, generator: Generators, dtype: torch.dtype) -> None:
        super().__init__()
        bound, streams = 1 / math.sqrt(inputs), [generator] if isinstance(generator, torch.Generator) else generator

        def start(rows: int) -> nn.Parameter:
            # drawn in float64 on the CPU whatever the device and the precision: the same seed is the same start
            drawn = [torch.empty(1, rows, outputs, dtype=torch.float64) for _ in streams]
            starts = [each.uniform_(-bound, bound, generator=g) for each, g in zip(drawn, streams, strict=True)]
            return nn.Parameter(torch.cat([each.to(dtype).repeat(models, 1, 1) for each in starts]))

        self.weight, self.bias = start(inputs), start(1)

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

    def __init__(self, models: int, widths: tuple[int, ...], generator: Generators, dtype: torch.dtype) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            layers += [StackedLinear(models, inputs, outputs, generator, dtype), Rectifier()]
        super().__init__(*layers[:-1])


@dataclass(frozen=True)
class Heads:
    """Several factors that are decoded at once, each by a part of the decoder's outputs.

    Attributes:
        names: of the factors.
        sizes: their numbers of values.
        weights: of their cross-entropies in the loss.
        values: (C, factors), the value of each in every combination, which is what a label numbers.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    weights: tuple[float, ...]
    values: Tensor

    def of(self, name: str) -> slice:
        """Which of the decoder's outputs are about a factor."""
        place = self.names.index(name)
        return slice(sum(self.sizes[:place]), sum(self.sizes[: place + 1]))


class Bottleneck(nn.Module):
    """S encoders and S decoders; what the code between them is, `code` says.

    "gaussian": q(z|x) = N(μ(x), diag σ(x)²), σ = softplus(ρ) + 1e-6 (Alemi et al. 2017, §4). "noiseless": z = μ(x).
    "categorical": one of K symbols, sampled, as a one-hot code. An encoder without hidden layers is linear and its
    noise does not depend on x, as in the Gaussian information bottleneck (Chechik et al. 2005). The decoder q(y|z) is
    linear without `decoder_hidden`, as Alemi's; `targets` is the dimension of a continuous Y, whose likelihood is
    Gaussian with a full covariance. With `heads`, Y is several factors: q(y|z) is the product of theirs.
    `parts` is what the objective learns beside them.
    """

    def __init__(
        self, models: int, inputs: int, hidden: tuple[int, ...], latent_dim: int, classes: int, code: str,
        generator: Generators, dtype: torch.dtype, decoder_hidden: tuple[int, ...] = (), targets: int = 0,
        heads: Heads | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.code, self.parts, self.heads = code, None, heads
        linear = code == "gaussian" and not hidden
        outputs = 2 * latent_dim if code == "gaussian" and hidden else latent_dim
        self.encoder = StackedMLP(models, (inputs, *hidden, outputs), generator, dtype)
        total = len(self.encoder[0].weight)
        self.rho = nn.Parameter(torch.zeros(total, 1, latent_dim, dtype=dtype)) if linear else None
        widths = (latent_dim, *decoder_hidden, targets or (sum(heads.sizes) if heads else classes))
        # a linear one is no stack, so that its weights keep the names that they have in checkpoints
        self.decoder = (
            StackedMLP(models, widths, generator, dtype)
            if decoder_hidden
            else StackedLinear(models, latent_dim, widths[-1], generator, dtype)
        )
        if code == "categorical":  # a one-hot code has length 1, where the start of a layer supposes √K
            first = self.decoder[0] if decoder_hidden else self.decoder
            first.weight.data *= math.sqrt(latent_dim)
        self.spread = FullCovariance(total, targets, dtype) if targets else None

    @property
    def stochastic(self) -> bool:
        """Whether the code is sampled."""
        return self.code != "noiseless"

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (N, D) or (S, N, D) → mean and scale, (S, N, K) each; of symbols their probabilities, and 0."""
        heads = self.encoder(x)
        if self.code == "noiseless":
            return heads, torch.zeros_like(heads)
        if self.code == "categorical":
            return heads.softmax(-1), torch.zeros_like(heads)
        mean, rho = heads.chunk(2, dim=-1) if self.rho is None else (heads, self.rho.expand_as(heads))
        return mean, SMALLEST_SCALE - F.logsigmoid(-rho)  # softplus, whose own kernel takes ten times as long

    def sample(self, mean: Tensor, scale: Tensor, noise: Tensor) -> Tensor:
        """One code each, (S, N, K), from standard normal noise (N, K) or (S, N, K)."""
        return symbols(mean, noise) if self.code == "categorical" else mean + scale * noise

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (S, N, K) → logits (S, N, C), or the means of a continuous Y (S, N, Dy).

        With heads, the logits of the combinations are the sums of their values' log q(y_f|z).
        """
        if not self.heads:
            return self.decoder(codes)
        values = self.heads.values.to(codes.device)
        each = [logits.log_softmax(-1)[..., values[:, i]] for i, logits in enumerate(self.by_head(codes))]
        return torch.stack(each).sum(0)

    def by_head(self, codes: Tensor) -> tuple[Tensor, ...]:
        """Codes (S, N, K) → the logits of every head, (S, N, C_f); of one label its own alone."""
        outputs = self.decoder(codes)
        return outputs.split(self.heads.sizes, dim=-1) if self.heads else (outputs,)

    def by_factor(self, labels: Tensor) -> tuple[Tensor, ...]:
        """Labels (…, N) → the value of every head's factor."""
        return self.heads.values.to(labels.device)[labels].unbind(-1) if self.heads else (labels,)

    def cross_entropy(self, codes: Tensor, labels: Tensor, target: Tensor | None = None) -> Tensor:
        """What a loss has of Y, nats, (S, N): −log q(y|z) of labels (N,) or (S, N), or of a `target` (…, N, Dy).

        With heads, Σ_f −w_f log q(y_f|z).
        """
        return self._surprise(codes, labels, target, self.heads.weights if self.heads else (1.0,))

    def surprise(self, codes: Tensor, labels: Tensor, target: Tensor | None = None) -> Tensor:
        """−log q(y|z) in nats, (S, N), of all of Y, whatever its factors weigh."""
        return self._surprise(codes, labels, target, (1.0,) * (len(self.heads.names) if self.heads else 1))

    def _surprise(self, codes: Tensor, labels: Tensor, target: Tensor | None, weights: tuple[float, ...]) -> Tensor:
        if self.spread is not None:
            return self.spread(target - self.decode(codes))
        pairs = zip(self.by_head(codes), self.by_factor(labels), strict=True)
        each = [label_cross_entropy(logits, values) for logits, values in pairs]
        return each[0] if weights == (1.0,) else sum(w * value for w, value in zip(weights, each, strict=True))


class FullCovariance(nn.Module):
    """−log N(residual; 0, L Lᵀ) with one learned full covariance a model; starts as the identity."""

    def __init__(self, models: int, size: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.log_diagonal = nn.Parameter(torch.zeros(models, size, dtype=dtype))
        self.below = nn.Parameter(torch.zeros(models, size, size, dtype=dtype))

    def forward(self, residual: Tensor) -> Tensor:
        """(S, N, Dy) → (S, N) nats. The factor is that of the precision, so that nothing is inverted."""
        factor = self.below.tril(-1) + torch.diag_embed(self.log_diagonal.exp())
        whitened = residual @ factor.mT
        size = residual.shape[-1]
        constant = 0.5 * size * math.log(2 * math.pi) - self.log_diagonal.sum(-1)
        return 0.5 * whitened.square().sum(-1) + constant[:, None]


def symbols(probabilities: Tensor, noise: Tensor) -> Tensor:
    """One-hot samples (S, N, K) of symbols with these probabilities, from standard normal noise (N, K) or (S, N, K).

    The Gumbel-max trick, with the gradient of its softmax at temperature 1 (straight-through: Jang et al. 2017).
    """
    uniform = torch.special.ndtr(noise).clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    scores = probabilities.clamp(min=LEAST_PROBABILITY).log() - (-uniform.log()).log()
    hard = F.one_hot(scores.argmax(-1), scores.shape[-1]).to(scores)
    if not torch.is_grad_enabled():
        return hard
    soft = scores.softmax(-1)
    return hard + soft - soft.detach()


def gaussian_rate(mean: Tensor, scale: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) in nats, summed over the latent axis: (…, K) → (…).

    ½ Σ_k (μ_k² + σ_k² − 1 − ln σ_k²)  (Kingma & Welling 2014, app. B; Alemi et al. 2017, §4).
    """
    return 0.5 * (mean.square() + scale.square() - 1).sum(-1) - scale.log().sum(-1)


def log_normal(codes: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """log N(z; μ, diag σ²) in nats, summed over the last axis, which broadcast shapes share."""
    squares = ((codes - mean) / scale).square().sum(-1)
    return -0.5 * squares - scale.log().sum(-1) - 0.5 * codes.shape[-1] * math.log(2 * math.pi)


def label_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """−log q(y|z) in nats: logits (…, N, C), labels (N,), or (S, N) for logits (S, N, C) → (…, N)."""
    # with the classes along an axis that is not the last, softmax runs over items in step
    by_class = logits.reshape(-1, *logits.shape[-2:]).mT.contiguous()
    return F.cross_entropy(by_class, labels.expand(len(by_class), -1), reduction="none").view(logits.shape[:-1])
