"""The squared variational bottleneck: its slider reaches every point of the curve of deterministic labels."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.config import log_betas
from distill.objectives import Knob, Objective, Terms

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Squared(Objective):
    """CE + β R², all in bits (Kolchinsky, Tracey & Van Kuyk 2019, §4; the bound on I(X;Z) is Alemi's rate).

    Where the label is a function of the input, the curve is F(r) = min(r, H(Y)) and every β in (0, 1) of the linear
    Lagrangian has the same optimum, its corner. Here the optimum is r = 1/(2β) bits for β > 1/(2 H(Y)). A square is
    not free of units: in nats the same β would mean another r, so R is taken in bits, and the loss is that in bits.
    """

    title = "Squared VIB"
    formula = "CE + β · rate², in bits"
    knob = Knob(grid=log_betas(1e-4, 10.0), default=0.1)

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """ln 2 · (CE + β R²) with CE and R in bits."""
        return terms.cross_entropy + strength * terms.rate.square() / math.log(2)


make = Squared
