"""The neural deterministic bottleneck: a code of symbols, and its price what a coder would write for them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.config import log_betas
from distill.objectives import Batch, Knob, Objective, Shape, Terms

if TYPE_CHECKING:
    from torch import Tensor, nn

    from distill.networks import Bottleneck

DEFAULTS = {"latent_dim": 32}  # of a sweep with this objective
HOTTEST, COLD_AFTER = 2.0, 0.6  # the temperature at the start; the share of the training after which it is 0
LEAST_PROBABILITY = 1e-30


@dataclass(frozen=True)
class Categorical(Objective):
    """CE + β E[−log r(t)]: one of K symbols t, and a learned model r of how often each is used.

    After the deterministic information bottleneck, min H(T) − β_T I(T;Y) (Strouse & Schwab 2017, eq. 8), with networks
    for its tables. E[−log2 r(t)] is the mean length, in bits, that an entropy coder with the model r writes
    (fractions of a bit counted): at least H(T), with equality where r is learned, and H(T) is at least I(X;T). At
    β = 0 nothing trains r, which stays uniform: log2 K bits. K is `latent_dim`, the number of symbols: 8 cannot tell
    ten digits apart, 32 or so can.

    Both terms are means over q(t|x), so that no gradient is estimated. Hard assignments are locally optimal in great
    number, most of them poor; so a temperature τ times −H(T|X) is added, which falls from 2 to 0 along a parabola in
    the first 60 % of the training (deterministic annealing: Rose 1998; with τ = β it is the information bottleneck).
    """

    title = "Categorical"
    formula = "CE + β · E[−log r(t)]"
    knob = Knob(grid=log_betas(0.01, 3.0), default=0.1)
    weighs = False
    code = "categorical"
    rate_estimator = "E[−log2 r(t)], what an entropy coder with the learned r writes: at least H(T), and that I(X;T)"

    def parts(self, shape: Shape) -> "nn.Module":
        """The entropy model r."""
        from distill.marginals import SymbolMarginal

        return SymbolMarginal(shape.models, shape.latent_dim, shape.dtype)

    def terms(self, model: "Bottleneck", batch: Batch) -> Terms:
        """Cross-entropy and length; and −τ H(T|X), which is 0 where something is measured."""
        cross_entropy = (batch.mean * surprises(model, batch)).sum(-1)
        certainty = (batch.mean * batch.mean.clamp(min=LEAST_PROBABILITY).log()).sum(-1)
        terms = map(batch.average, (cross_entropy, self.rate(model, batch), temperature(batch.progress) * certainty))
        return Terms(*terms)

    def rate(self, model: "Bottleneck", batch: Batch) -> "Tensor":
        """(S, N) nats, the mean over the symbols that an item may have."""
        return -model.parts(batch.mean)

    def loss(self, terms: Terms, strength: "Tensor") -> "Tensor":
        """Cross-entropy plus β times the length, and what the temperature adds while the training is hot."""
        return terms.cross_entropy + strength * terms.rate + terms.penalty


def temperature(progress: float) -> float:
    """τ when this share of the training is done: 2 (1 − progress / 0.6)², then 0."""
    return HOTTEST * max(0.0, 1 - progress / COLD_AFTER) ** 2


def surprises(model: "Bottleneck", batch: Batch) -> "Tensor":
    """−log q(y|t) of every item's label, or of its continuous Y, under every symbol: (S, N, K) nats."""
    import torch
    from torch.nn import functional as F

    symbols = torch.eye(batch.mean.shape[-1]).to(batch.mean).expand(len(batch.mean), -1, -1)
    decoded = model.decode(symbols)  # (S, K, C)
    if batch.target is None:
        chosen = F.one_hot(batch.labels, decoded.shape[-1]).to(decoded).expand(len(decoded), -1, -1)
        return chosen @ -decoded.log_softmax(-1).mT
    residual = batch.target.unsqueeze(-2) - decoded.unsqueeze(1)  # (S, N, K, Dy)
    return model.spread(residual.flatten(1, 2)).view(batch.mean.shape)


make = Categorical
