"""The exponential bottleneck: equal steps of log β are equal steps of rate."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.config import log_betas
from distill.objectives import Knob, Objective, Terms
from distill.objectives._options import option

if TYPE_CHECKING:
    from torch import Tensor

STEEPEST = 10.0  # price of a bit of rate, in bits of cross-entropy
LARGEST_EXPONENT = 85.0  # float32 ends at 88


@dataclass(frozen=True)
class Exponential(Objective):
    """CE + β (exp(ηR) − 1), all in bits (Rodríguez Gálvez, Thobaben & Skoglund 2020, §3: the convex bottleneck).

    Where F(r) = r the optimum is r = −ln(ηβ)/η bits, for β from exp(−ηH(Y))/η to 1/η: even steps of log β are even
    steps along the curve. `eta` is in 1/bit; a large one is nearly a cap on the rate. The grid follows it.

    From where a bit of rate costs ten bits of the label the penalty goes on along its tangent. That moves no optimum,
    since a bit of rate never buys more than one of the label; and one early batch of great rate cannot fill the
    optimiser's memory with a gradient of millions.
    """

    title = "Exponential VIB"
    formula = "CE + β · (exp(η · rate) − 1), in bits"

    eta: float = option(1.0, "Exponent η, per bit", low=0.1, high=10.0)

    @property
    def knob(self) -> Knob:  # type: ignore[override]
        """From the β that allows 8 bits to the one that allows none, and a little beyond."""
        low, high = (math.exp(-self.eta * bits) / self.eta for bits in (8.0, -0.5))
        middle = math.exp(-4.0 * self.eta) / self.eta
        return Knob(grid=log_betas(float(f"{low:.3g}"), float(f"{high:.3g}")), default=float(f"{middle:.3g}"))

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """ln 2 · (CE + β (exp(ηR) − 1)) with CE and R in bits."""
        scaled = self.eta * terms.rate / math.log(2)
        most = (STEEPEST / self.eta / strength).log().clamp(max=LARGEST_EXPONENT)  # where the tangent begins
        within = scaled.minimum(most)
        penalty = strength * within.expm1() + strength * most.exp() * (scaled - within)
        return terms.cross_entropy + math.log(2) * penalty


make = Exponential
