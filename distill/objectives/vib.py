"""The variational information bottleneck."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.objectives import Batch, Objective, Shape, Terms
from distill.objectives._options import option

if TYPE_CHECKING:
    from torch import Tensor, nn

    from distill.networks import Bottleneck

MARGINALS, MOST_COMPONENTS = ("normal", "mixture"), 512


@dataclass(frozen=True)
class VIB(Objective):
    """CE + β R (Alemi, Fischer, Dillon & Murphy 2017, eq. 17): an upper bound on −I(Z;Y) + β I(X;Z), up to H(Y).

    R = E[log q(z|x) − log r(z)] = I(X;Z) + KL(q(z) ‖ r(z)). With the standard normal as r(z) the last term is what the
    page shows as the gap between rate and measured bits; a learned mixture of `components` Gaussians closes most of it.
    """

    title = "VIB"
    formula = "CE + β · rate"

    marginal: str = option("normal", "Marginal r(z)", choices=MARGINALS)
    components: int = option(32, "Components of a mixture", low=1, high=MOST_COMPONENTS)

    @property
    def rate_estimator(self) -> str:
        """How the rate is found, where r(z) is learned."""
        learned = "upper bound on I(X;Z), priced by a learned mixture of Gaussians, one code an item"
        return "" if self.marginal == "normal" else learned

    def parts(self, shape: Shape) -> "nn.Module | None":
        """The mixture, where it is asked for."""
        if self.marginal == "normal":
            return None
        from distill.marginals import MixtureMarginal

        return MixtureMarginal(shape.models, shape.latent_dim, self.components, shape.generator, shape.dtype)

    def rate(self, model: "Bottleneck", batch: Batch) -> "Tensor":
        """In closed form for the standard normal; for the mixture from the sampled code."""
        if model.parts is None:
            return super().rate(model, batch)
        from distill.networks import log_normal

        return log_normal(batch.code, batch.mean, batch.scale) - model.parts(batch.code)

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """Cross-entropy plus β times the rate."""
        return terms.cross_entropy + strength * terms.rate


make = VIB
