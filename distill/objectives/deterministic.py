"""The reference without a bottleneck: the same network, its code neither noisy nor charged for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.objectives import Knob, Objective, Terms

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Deterministic(Objective):
    """CE alone on z = μ(x). β has no effect, so the page trains one network; I(X;Z) is not a number here.

    A deterministic code of continuous inputs carries infinite information, and on N distinct points log2 N bits,
    whatever it has learned (Goldfeld et al. 2019; Saxe et al. 2018).
    """

    title = "Deterministic"
    formula = "CE"
    knob = Knob(label="Compression strength β (no effect)", grid=(0.0,), default=0.0)
    code = "noiseless"

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """Cross-entropy, at every β the same."""
        return terms.cross_entropy


make = Deterministic
