"""What is asked of every shrunk network, all of a curve at once: how often it is right, its codes, its weights."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from distill.networks import Bottleneck
from distill.objectives import Batch, Objective
from distill.shrink.networks import cropped, sent, weights
from distill.shrink.packing import Written
from distill.shrink.quantising import Quantised

BINS = 61


@dataclass(frozen=True)
class Test:
    """The items that a run is measured on.

    Attributes:
        inputs, labels: (N, D) and (N,), of the test split.
        noise: (12, N, K), the fixed noise, shared by all networks.
        stored: how many of them, from the first on, have their codes kept.
    """

    inputs: Tensor
    labels: Tensor
    noise: Tensor
    stored: int


@torch.no_grad()
def errors(model: Bottleneck, test: Test) -> np.ndarray:
    """(S,) share of the items that the average of twelve codes names wrongly; any of several factors, where Y is."""
    mean, scale = model.encode(test.inputs)
    wrong = torch.zeros(mean.shape[:2], dtype=torch.bool, device=mean.device)
    by_draw = [[each.softmax(-1) for each in model.by_head(model.sample(mean, scale, noise))] for noise in test.noise]
    for shares, values in zip(zip(*by_draw, strict=True), model.by_factor(test.labels), strict=True):
        wrong |= torch.stack(shares).mean(0).argmax(-1) != values
    return wrong.cpu().double().mean(-1).numpy()


@torch.no_grad()
def rates(objective: Objective, model: Bottleneck, test: Test) -> np.ndarray:
    """(S,) bits, the objective's upper bound on I(X;Z) on these items; NaN of codes without noise."""
    mean, scale = model.encode(test.inputs)
    if not model.stochastic:
        return np.full(len(mean), np.nan)
    code = model.sample(mean, scale, test.noise[0])
    terms = objective.terms(model, Batch(test.inputs, test.labels, mean, scale, code))
    return terms.rate.cpu().double().numpy() / math.log(2)


@torch.no_grad()
def codes(model: Bottleneck, test: Test, first: int) -> np.ndarray:
    """(2, first, stored, K) means and scales of the codes of the first networks, float32."""
    mean, scale = model.encode(test.inputs[: test.stored])
    return torch.stack([mean[:first], scale[:first]]).float().cpu().numpy()


@dataclass(frozen=True)
class Family:
    """The networks of one curve, as they are written.

    Attributes:
        objective: what they were trained for.
        model: S = seeds × points of them, with the weights that are read back.
        quantised: what is written.
        hidden: of every point, the widths of its hidden layers; what lies beyond them is padding.
        seeds: how many.
    """

    objective: Objective
    model: Bottleneck
    quantised: Quantised
    hidden: list[tuple[int, ...]]
    seeds: int

    def written(self, index: int) -> Written:
        """What is written of one network; the points of the first seed come first."""
        hidden, given = self.hidden[index % len(self.hidden)], self.quantised
        levels = [cropped(each[index], name, hidden).cpu().numpy() for name, each in given.levels.items()]
        rest = [cropped(each[index], name, hidden).cpu().numpy().ravel() for name, each in given.rest.items()]
        steps = np.array([float(each[index]) for each in given.steps.values()], np.float32)
        return Written(levels, steps, np.concatenate(rest))

    def scores(self, test: Test) -> dict[str, np.ndarray]:
        """accuracy, rate (bits), bytes and entropy (in bytes), (points, seeds) each."""
        each = [self.written(index) for index in range(len(self.hidden) * self.seeds)]
        found = {
            "accuracy": 1 - errors(self.model, test),
            "rate": rates(self.objective, self.model, test),
            "bytes": np.array([len(one.file()) for one in each], float),
            "entropy": np.array([one.entropy_bytes for one in each]),
        }
        return {name: by_point(values, self.seeds) for name, values in found.items()}

    def histograms(self, largest: float) -> np.ndarray:
        """(points, 61) shares of the first seed's weights in equal bins between ±largest, those beyond in the last."""
        rows = [in_a_row(weights(self.model), i, hidden) for i, hidden in enumerate(self.hidden)]
        return np.stack([histogram(row, largest) for row in rows])

    @property
    def parameters(self) -> np.ndarray:
        """(points,) weights and biases of a network."""
        everything = sent(self.model)
        return np.array([in_a_row(everything, i, hidden).size for i, hidden in enumerate(self.hidden)])


def by_point(values: np.ndarray, seeds: int) -> np.ndarray:
    """(seeds × points,) → (points, seeds)."""
    return values.reshape(seeds, -1).T


def edges(largest: float) -> np.ndarray:
    """(62,) of the bins."""
    return np.linspace(-largest, largest, BINS + 1)


def histogram(row: np.ndarray, largest: float) -> np.ndarray:
    """(61,) shares of weights."""
    return np.histogram(row.clip(-largest, largest), edges(largest))[0] / row.size


def in_a_row(tensors: dict[str, Tensor], index: int, hidden: tuple[int, ...]) -> np.ndarray:
    """One network's share of these weights, in a row, without what pads its hidden layers."""
    parts = [cropped(each[index], name, hidden).detach().cpu().numpy() for name, each in tensors.items()]
    return np.concatenate([part.ravel() for part in parts])
