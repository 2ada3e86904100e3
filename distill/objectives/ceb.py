"""The conditional entropy bottleneck: it charges only for bits that say nothing of the label."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.config import log_betas
from distill.objectives import Batch, Knob, Objective, Shape, Terms

if TYPE_CHECKING:
    from torch import Tensor, nn

    from distill.networks import Bottleneck


@dataclass(frozen=True)
class CEB(Objective):
    """CE + γ E[log q(z|x) − log b(z|y)], with one learned Gaussian b(z|y) a class (Fischer 2020, §3).

    The penalty is an upper bound on I(X;Z|Y) = I(X;Z) − I(Z;Y), so that the minimum-necessary point I(X;Z) = I(Z;Y) =
    I(X;Y) costs nothing. −I(Z;Y) + γ (I(X;Z) − I(Z;Y)) is (1 + γ) times −I(Z;Y) + β I(X;Z) at β = γ/(1 + γ): γ from 0
    to ∞ is β from 0 to 1. The loss has the same identity with a VIB whose marginal is Σ_y p(y) b(z|y), where the
    decoder is the posterior of b. The rate that is shown is that one's, E[log q(z|x) − log Σ_y p(y) b(z|y)].
    """

    title = "CEB"
    formula = "CE + γ · E[log q(z|x) − log b(z|y)]"
    knob = Knob(label="Compression strength γ", symbol="γ", grid=log_betas(1e-4, 30.0), default=0.01)
    weighs = False
    rate_estimator = "upper bound on I(X;Z), priced by the learned mixture of the classes' Gaussians, one code an item"

    def parts(self, shape: Shape) -> "nn.Module":
        """b(z|y)."""
        from distill.marginals import ClassMarginal

        return ClassMarginal(shape.models, shape.latent_dim, shape.class_shares, shape.generator, shape.dtype)

    def terms(self, model: "Bottleneck", batch: Batch) -> Terms:
        """Both bounds from the same sampled codes."""
        from distill.networks import log_normal

        encoded, by_class = log_normal(batch.code, batch.mean, batch.scale), model.parts(batch.code)
        own = by_class.gather(-1, batch.labels.expand(by_class.shape[:-1]).unsqueeze(-1)).squeeze(-1)
        mixed = (by_class + model.parts.log_shares).logsumexp(-1)
        cross_entropy = model.cross_entropy(batch.code, batch.labels, batch.target)
        return Terms(*map(batch.average, (cross_entropy, encoded - mixed, encoded - own)))

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """Cross-entropy plus γ times the bound on I(X;Z|Y)."""
        return terms.cross_entropy + strength * terms.penalty


make = CEB
