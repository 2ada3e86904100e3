"""The variational information bottleneck."""

from typing import TYPE_CHECKING

from distill.objectives import Objective, Terms

if TYPE_CHECKING:
    from torch import Tensor


class VIB(Objective):
    """CE + β R (Alemi, Fischer, Dillon & Murphy 2017, eq. 17): an upper bound on −I(Z;Y) + β I(X;Z), up to H(Y)."""

    title = "VIB"
    formula = "CE + β · rate"

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """Cross-entropy plus β times the rate."""
        return terms.cross_entropy + strength * terms.rate


OBJECTIVE = VIB()
