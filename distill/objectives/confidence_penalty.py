"""The confidence penalty: a network without a bottleneck that is paid for being unsure."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.config import log_betas
from distill.objectives import Batch, Knob, Objective, Terms

if TYPE_CHECKING:
    from torch import Tensor

    from distill.networks import Bottleneck


@dataclass(frozen=True)
class ConfidencePenalty(Objective):
    """CE − β H(q(y|z)) on z = μ(x) (Pereyra et al. 2017, eq. 1), the comparator of Alemi et al. (2017, table 1).

    The code has no noise, so that its I(X;Z) is not a number here; β changes what the network says, not what it knows.
    Where the label y is certain, the optimum gives it odds of exp(1 / (β q_y)) over each other class: always above 1,
    so that errors rise only where training loses so small a gap. Of a continuous Y nothing limits how unsure the
    network may say it is once β is above 1.
    """

    title = "Confidence penalty"
    formula = "CE − β · H(q(y|z))"
    knob = Knob(grid=log_betas(1e-3, 10.0), default=0.1)
    weighs = False
    code = "noiseless"

    def terms(self, model: "Bottleneck", batch: Batch) -> Terms:
        """Cross-entropy, no rate, and −H(q(y|z)); of a continuous Y the differential entropy."""
        if batch.target is not None:
            cross_entropy = batch.average(model.cross_entropy(batch.code, batch.labels, batch.target))
            size = batch.target.shape[-1]
            entropy = 0.5 * size * math.log(2 * math.pi * math.e) - model.spread.log_diagonal.sum(-1)
            return Terms(cross_entropy, cross_entropy.new_zeros(cross_entropy.shape), -entropy)
        log_q = model.decode(batch.code).mT.contiguous().log_softmax(-2)  # classes not last: many times faster
        own = log_q.gather(-2, batch.labels.expand(len(log_q), -1).unsqueeze(-2)).squeeze(-2)
        certainty = (log_q.exp() * log_q).sum(-2)
        zero = own.new_zeros(own.shape)
        return Terms(*map(batch.average, (-own, zero, certainty)))

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """Cross-entropy less β times the entropy of what the network says."""
        return terms.cross_entropy + strength * terms.penalty


make = ConfidencePenalty
