"""Objectives: what the sweep minimises. One file each, found by the registry; most differ in one method."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from distill import registry
from distill.config import log_betas
from distill.objectives._options import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import Tensor, nn

    from distill.networks import Bottleneck

__all__ = ["Batch", "Knob", "Objective", "Shape", "Terms", "defaults", "load", "names"]


@dataclass(frozen=True)
class Knob:
    """What the slider of an objective turns, ordered from weak to strong compression.

    Attributes:
        label: the accessible name of the slider.
        symbol, unit: as written beside a value.
        grid: the values that the page trains: 0, then even in their logarithms; or, where less of the knob compresses
            more (bits allowed), falling and even.
        default: the value at which a look at a run begins.
    """

    label: str = "Compression strength β"
    symbol: str = "β"
    unit: str = ""
    grid: tuple[float, ...] = log_betas()
    default: float = 0.01

    @property
    def falls(self) -> bool:
        """Whether the values fall along the axis."""
        return self.grid[0] > self.grid[-1]

    def grid_of(self, count: int) -> tuple[float, ...]:
        """`count` values of the grid's own range and spacing; the grid itself where it is one value."""
        if len(self.grid) == 1:
            return self.grid
        if self.falls:
            return even(self.grid[0], self.grid[-1], count)
        least = next(value for value in self.grid if value > 0)
        zero = self.grid[0] == 0
        return log_betas(least, self.grid[-1], count if zero else count + 1)[0 if zero else 1 :]


def even(first: float, last: float, count: int) -> tuple[float, ...]:
    """`count` ≥ 2 evenly spaced values from `first` to `last`, both among them."""
    return tuple(float(f"{first + (last - first) * i / (count - 1):.6g}") for i in range(count))


@dataclass(frozen=True)
class Shape:
    """What an objective that learns parts of its own needs to make them.

    Attributes:
        models: S, βs × seeds, seed-major.
        inputs, latent_dim: D and K.
        class_shares: share of each label among the training items.
        generator: one random stream a seed, for initial weights.
    """

    models: int
    inputs: int
    latent_dim: int
    class_shares: tuple[float, ...]
    generator: "Sequence[torch.Generator]"
    dtype: "torch.dtype"


@dataclass(frozen=True)
class Batch:
    """What an objective sees of some items; S models, N items, K latent dimensions.

    Attributes:
        inputs: (N, D), or (S, N, D) where every seed has its own batch.
        labels: (N,) or (S, N) whole numbers.
        mean, scale: (S, N, K), the encoder's q(z|x); for a categorical code, the probabilities of its symbols and 0.
        code: (S, N, K), one sample z of each.
        target: (N, Dy) or (S, N, Dy), a continuous Y, where the data set has one.
        weights: (N,) summing to 1, where items do not count alike.
        progress: share of the training that lies behind; 1 where something is measured.
    """

    inputs: "Tensor"
    labels: "Tensor"
    mean: "Tensor"
    scale: "Tensor"
    code: "Tensor"
    target: "Tensor | None" = None
    weights: "Tensor | None" = None
    progress: float = 1.0

    def average(self, values: "Tensor") -> "Tensor":
        """(S, N) → (S,), over items."""
        return values.mean(-1) if self.weights is None else values @ self.weights.to(values)


@dataclass(frozen=True)
class Terms:
    """What some items give each of the S models; nats, averaged over items, one code an item.

    Attributes:
        cross_entropy: (S,) E[−log q(y|z)].
        rate: (S,) an upper bound on I(X;Z), that of the objective: E[KL(q(z|x) ‖ r(z))] where it has no other, summed
            over latent dimensions; 0 for a code without noise.
        penalty: (S,) what the knob multiplies, where that is not the rate; or what else an objective adds.
        distortion: (S,) E[−log p(x|z)], for an objective that reconstructs.
    """

    cross_entropy: "Tensor"
    rate: "Tensor"
    penalty: "Tensor | None" = None
    distortion: "Tensor | None" = None


class Objective:
    """A sum of independent losses, one for every value of the knob.

    Attributes:
        title: how the objective is called on screen.
        formula: the loss, as a person writes it.
        knob: what the slider turns.
        code: "gaussian" (μ + σ ε), "noiseless" (μ) or "categorical" (one of K symbols, as a one-hot code).
        rate_estimator: what `rate` is, in words; "" for the usual KL to the standard normal.
        decoder_note: what the label decoder, and with it H(Y) − CE and the errors, owes to; "" where it is trained
            with the encoder.
        weighs: whether Y may be several factors, each with a weight.
    """

    title: ClassVar[str]
    formula: ClassVar[str]
    knob: ClassVar[Knob] = Knob()
    code: ClassVar[str] = "gaussian"
    rate_estimator: ClassVar[str] = ""
    decoder_note: ClassVar[str] = ""
    weighs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check(self)

    def parts(self, shape: Shape) -> "nn.Module | None":
        """What it learns besides encoder and decoder; the model keeps it as `model.parts`."""
        return None

    def terms(self, model: "Bottleneck", batch: Batch) -> Terms:
        """Cross-entropy and rate of a batch."""
        cross_entropy = model.cross_entropy(batch.code, batch.labels, batch.target)
        return Terms(batch.average(cross_entropy), batch.average(self.rate(model, batch)))

    def rate(self, model: "Bottleneck", batch: Batch) -> "Tensor":
        """(S, N) nats, the upper bound on I(X;Z), item by item; 0 for a code without noise."""
        import torch

        from distill.networks import gaussian_rate

        if self.code == "noiseless":
            return torch.zeros_like(batch.mean[..., 0])
        return gaussian_rate(batch.mean, batch.scale)

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """(S,) nats, from the terms of a batch and the knob's values (S,)."""
        raise NotImplementedError


def names() -> tuple[str, ...]:
    """Every objective that `load` knows."""
    return registry.names("objectives")


def defaults(name: str) -> dict[str, Any]:
    """The fields of a SweepConfig that suit this objective better than the program's defaults, by name.

    A module says them as DEFAULTS. The pages begin with them; SweepConfig itself does not know them.
    """
    return dict(getattr(registry.module("objectives", name), "DEFAULTS", {}))


def load(name: str, **options: object) -> Objective:
    """The objective called `name`.

    Raises:
        UnknownName: where there is none.
        InvalidValue: for an option that it does not take, and a value that the option does not allow.
    """
    return registry.made("objectives", name, options)
