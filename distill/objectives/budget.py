"""A bottleneck whose slider says how many bits are allowed."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.objectives import Knob, Objective, Terms, even
from distill.objectives._options import option

if TYPE_CHECKING:
    from torch import Tensor

WIDTH = 0.05  # nats, over which the absolute value is rounded at its kink
GRID = even(16.0, 0.0, 33)


@dataclass(frozen=True)
class Budget(Objective):
    """CE + γ |R − C|: the rate R is held at C bits, and CE is as low as a code of that rate allows.

    The form of Burgess et al. (2018, eq. 8), with the labels' cross-entropy for the reconstruction. γ above 1 suffices,
    since a bit of rate never buys more than a bit of the label. The kink is rounded: a nat of rate costs
    γ tanh((R − C) / 0.05 nat), so that R ends at most 0.05 artanh(1/γ) nats above C. It is held up as it is held
    down: a code may not use fewer bits than it is allowed, useful or not.
    """

    title = "Bit budget"
    formula = "CE + γ · |rate − C|"
    knob = Knob(label="Bits allowed C", symbol="C", unit="bits", grid=GRID, default=4.0)

    gamma: float = option(2.0, "Price of a bit beyond, γ", low=1.01, high=100.0)

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """CE + γ · 0.05 log cosh((R − C) / 0.05) in nats, with C given in bits."""
        from torch.nn.functional import softplus

        over = ((terms.rate - strength * math.log(2)) / WIDTH).abs()
        return terms.cross_entropy + self.gamma * WIDTH * (over + softplus(-2 * over) - math.log(2))


make = Budget
