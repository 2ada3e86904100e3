"""The β-VAE: a bottleneck that keeps what helps to draw the input again, and never sees a label."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from distill.config import log_betas
from distill.objectives import Batch, Knob, Objective, Shape, Terms
from distill.objectives._options import option

if TYPE_CHECKING:
    from torch import Tensor, nn

    from distill.networks import Bottleneck


@dataclass(frozen=True)
class BetaVAE(Objective):
    """−E log p(x|z) + β KL(q(z|x) ‖ N(0, I)) (Higgins et al. 2017, eq. 4; β = 1 is the VAE, Kingma & Welling 2014).

    p(x|z) is Gaussian with unit variance on the standardised inputs, its mean a network with one hidden layer of
    `width`: β is in nats of rate for half the squared error, and a direction of the inputs whose variance is below β is
    not worth its bits (Tipping & Bishop 1999 for the linear case). The label decoder learns beside it from the same
    sampled codes, detached: its cross-entropy is part of the sum that is minimised and moves nothing but itself.
    """

    title = "β-VAE"
    formula = "−E log p(x|z) + β · rate"
    knob = Knob(grid=log_betas(0.01, 100.0), default=1.0)
    decoder_note = "label decoder fitted on frozen sampled codes: the encoder sees no label"

    width: int = option(128, "Hidden units of p(x|z)", low=1, high=4096)

    def parts(self, shape: Shape) -> "nn.Module":
        """The mean of p(x|z), K → width → D."""
        from distill.networks import StackedMLP

        widths = (shape.latent_dim, self.width, shape.inputs)
        return StackedMLP(shape.models // len(shape.generator), widths, shape.generator, shape.dtype)

    def terms(self, model: "Bottleneck", batch: Batch) -> Terms:
        """As usual, the cross-entropy of detached codes; and −E log p(x|z)."""
        found = super().terms(model, replace(batch, code=batch.code.detach()))
        squares = (batch.inputs - model.parts(batch.code)).square().sum(-1)
        constant = 0.5 * batch.inputs.shape[-1] * math.log(2 * math.pi)
        return replace(found, distortion=batch.average(0.5 * squares) + constant)

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """Distortion plus β times the rate, and the cross-entropy of the decoder that looks on."""
        return terms.distortion + strength * terms.rate + terms.cross_entropy


make = BetaVAE
