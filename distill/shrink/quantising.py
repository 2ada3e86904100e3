"""Weights as whole numbers: one step a tensor, symmetric about 0."""

from dataclasses import dataclass

import torch
from torch import Tensor

from distill.networks import Bottleneck
from distill.shrink.networks import sent, weights


@dataclass(frozen=True)
class Quantised:
    """What is written of S networks.

    Attributes:
        levels: name → (S, in, out) whole numbers, of every layer's weights.
        steps: name → (S,) float32; weight = level · step.
        rest: name → (S, …) float16: biases, which are few.
    """

    levels: dict[str, Tensor]
    steps: dict[str, Tensor]
    rest: dict[str, Tensor]

    @torch.no_grad()
    def put_into(self, model: Bottleneck) -> None:
        """Gives the networks of `model` these weights."""
        for name, own in sent(model).items():
            if name in self.levels:
                own.copy_(self.levels[name] * _each(self.steps[name].double()))
            else:
                own.copy_(self.rest[name])


@torch.no_grad()
def quantised(model: Bottleneck, bits: Tensor) -> Quantised:
    """The networks of `model` at `bits` (S,) ≥ 2 bits a weight: levels −(2^{b−1} − 1) … 2^{b−1} − 1.

    step = max|w| / (2^{b−1} − 1) of each tensor, level = round(w / step): 2^b − 1 levels, of which one is 0, and an
    error of at most half a step. Biases go to float16.
    """
    most = 2.0 ** (bits.double() - 1) - 1  # all of this on the CPU: some devices have no float64
    steps, levels = {}, {}
    for name, each in weights(model).items():
        exact = each.cpu().double()
        largest = exact.abs().amax((1, 2))
        steps[name] = torch.where(largest > 0, largest / most, 1.0).float()
        scaled = (exact / _each(steps[name].double())).round()
        # the step itself is rounded to float32, which may put the largest weight a hair beyond the last level
        levels[name] = torch.minimum(torch.maximum(scaled, -_each(most)), _each(most)).to(torch.int32)
    rest = {name: each.detach().cpu().half() for name, each in sent(model).items() if name not in levels}
    return Quantised(levels, steps, rest)


def _each(values: Tensor) -> Tensor:
    """(S,) → (S, 1, 1)."""
    return values[:, None, None]
