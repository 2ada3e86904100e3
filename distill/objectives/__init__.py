"""Objectives: what the sweep minimises. One file each, found by the registry; an objective differs in one method."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill import registry
from distill.config import log_betas

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Knob", "Objective", "Terms", "load", "names"]


@dataclass(frozen=True)
class Knob:
    """What the slider of an objective turns, ordered from weak to strong compression.

    Attributes:
        label: the accessible name of the slider.
        symbol, unit: as written beside a value.
        grid: the values that the page trains.
    """

    label: str = "Compression strength β"
    symbol: str = "β"
    unit: str = ""
    grid: tuple[float, ...] = log_betas()


@dataclass(frozen=True)
class Terms:
    """What one batch (or one split) gives each of the S models; nats, averaged over items, one code an item.

    Attributes:
        cross_entropy: (S,) E[−log q(y|z)].
        rate: (S,) E[KL(q(z|x) ‖ r(z))], summed over latent dimensions; 0 for a code without noise.
    """

    cross_entropy: "Tensor"
    rate: "Tensor"


class Objective:
    """A sum of independent losses, one for every value of the knob.

    Attributes:
        title: how the objective is called on screen.
        formula: the loss, as a person writes it.
        knob: what the slider turns.
        stochastic: whether the code is sampled; if not, its scale is 0.
    """

    title: str
    formula: str
    knob = Knob()
    stochastic = True

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """(S,) nats, from the terms of a batch and the knob's values (S,)."""
        raise NotImplementedError


def names() -> tuple[str, ...]:
    """Every objective that `load` knows."""
    return registry.names("objectives")


def load(name: str) -> Objective:
    """The objective called `name`; raises UnknownName where there is none."""
    return registry.module("objectives", name).OBJECTIVE
