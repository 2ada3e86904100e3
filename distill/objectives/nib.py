"""The nonlinear bottleneck: the code is charged by a bound between its own items, not against a fixed marginal."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.config import log_betas
from distill.objectives import Batch, Knob, Objective, Terms
from distill.objectives._options import option

if TYPE_CHECKING:
    from torch import Tensor

    from distill.networks import Bottleneck

LARGEST_BLOCK = 20_000_000  # divergences held at once where no gradient is wanted: 80 MB
SMALLEST_WEIGHT = 1e-30


@dataclass(frozen=True)
class NIB(Objective):
    """CE + β Î, with the upper bound of Kolchinsky & Tracey (2017, eq. 10) on I(X;Z) within the batch, as R.

    Î = −(1/N) Σ_i ln (1/N) Σ_j exp(−KL(q(z|x_i) ‖ q(z|x_j))) (Kolchinsky, Tracey & Wolpert 2019, eq. 9, there with one
    variance for all items). No marginal is assumed, so nothing pulls the codes to the origin. It never passes ln N of
    the items that it is taken over: a batch of 128 prices at most 7 bits, further bits are free, and codes that are all
    apart feel no price at all. Near a code that says nothing it is twice I(X;Z), so that codes collapse above half the
    β of a VIB. `squared` charges β Î² in bits, as the squared VIB does.
    """

    title = "Nonlinear IB"
    knob = Knob(grid=log_betas(0.02, 1.0), default=0.2)
    rate_estimator = "upper bound on I(X;Z) on the N items measured: a mixture's, by pairwise divergences"

    squared: bool = option(False, "Charge the square, in bits")

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The loss in words."""
        return "CE + β · Î(X;Z)², in bits" if self.squared else "CE + β · Î(X;Z)"

    def rate(self, model: "Bottleneck", batch: Batch) -> "Tensor":
        """(S, N) nats; the models in blocks where no gradient has to be kept."""
        import torch

        if torch.is_grad_enabled():
            return kernel_bound(batch.mean, batch.scale, batch.weights)
        block = max(1, LARGEST_BLOCK // batch.mean.shape[1] ** 2)
        parts = zip(batch.mean.split(block), batch.scale.split(block), strict=True)
        return torch.cat([kernel_bound(mean, scale, batch.weights) for mean, scale in parts])

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """Cross-entropy plus β times the bound, or β times its square in bits."""
        price = terms.rate.square() / math.log(2) if self.squared else terms.rate
        return terms.cross_entropy + strength * price


def kernel_bound(mean: "Tensor", scale: "Tensor", weights: "Tensor | None" = None) -> "Tensor":
    """−ln Σ_j w_j exp(−KL(q_i ‖ q_j)) of every item, nats: means and scales (S, N, K) → (S, N); w_j = 1/N if None."""
    exponent = -divergences(mean, scale)
    if weights is None:
        return math.log(mean.shape[1]) - exponent.logsumexp(-1)
    return -(exponent + weights.to(mean).clamp(min=SMALLEST_WEIGHT).log()).logsumexp(-1)


def divergences(mean: "Tensor", scale: "Tensor") -> "Tensor":
    """KL(q_i ‖ q_j) of diagonal Gaussians in nats, (S, N, K) → (S, N, N): squares expanded, one matrix product."""
    import torch

    mean = mean - mean.mean(1, keepdim=True).detach()  # smaller numbers lose less when their squares are subtracted
    precision = scale.square().reciprocal()
    left = torch.cat([scale.square() + mean.square(), mean], dim=-1)
    right = torch.cat([0.5 * precision, -mean * precision], dim=-1)
    logs = scale.log().sum(-1)
    of_j = (0.5 * mean.square() * precision).sum(-1) + logs - 0.5 * mean.shape[-1]
    found = torch.baddbmm(of_j.unsqueeze(1), left, right.mT) - logs.unsqueeze(-1)
    own = torch.eye(mean.shape[1], dtype=torch.bool, device=mean.device)
    return found.masked_fill(own, 0).clamp(min=0)


make = NIB
