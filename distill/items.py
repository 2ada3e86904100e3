"""The fixed items and the fixed noise that a run is measured with, so that motion on the plane is learning."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from distill.config import SweepConfig
from distill.datasets import DataSet, Joint
from distill.measures.codes import evaluation_noise
from distill.variables import SPLITS

POINTS_WHILE_TRAINING = 250
MOST_STORED = 500
CODES_AVERAGED = 12  # as Alemi et al. 2017 average
CODES_OF_A_JOINT = 3000  # its few inputs are repeated until twelve draws make as many


@dataclass(frozen=True)
class Items:
    """The items of one split that are measured, as the models take them.

    Of a known joint distribution they are its cells, each several times: `of` names the input of each, `weights` is
    p(x, y) shared among its repetitions, and `inputs` are repeated as often.
    """

    inputs: Tensor
    labels: Tensor
    target: Tensor | None = None
    of: Tensor | None = None
    weights: Tensor | None = None

    @classmethod
    def of_joint(cls, known: Joint, like: Tensor) -> "Items":
        """All cells of a known distribution, where `like` lives."""
        x, y = np.nonzero(known.p_xy)
        count = len(known.inputs)
        times = math.ceil(CODES_OF_A_JOINT / (CODES_AVERAGED * count))
        of = np.concatenate([x + count * i for i in range(times)])
        given = (np.tile(y, times), of, np.tile(known.p_xy[x, y] / times, times))
        labels, of, weights = (torch.from_numpy(each).to(like.device) for each in given)
        return cls(torch.from_numpy(known.inputs).to(like).repeat(times, 1), labels, None, of, weights)

    def spread(self, values: Tensor) -> Tensor:
        """(…, inputs, K) → (…, items, K)."""
        return values if self.of is None else values[..., self.of, :]

    def average(self, values: Tensor) -> Tensor:
        """(…, items) → (…)."""
        return values.mean(-1) if self.weights is None else (values * self.weights.to(values)).sum(-1)


@dataclass(frozen=True)
class Evaluation:
    """The fixed items and the fixed noise that a run is measured with.

    Attributes:
        items: split → data-set indices of its N items, N the same for both, in a fixed random order, so that the
            first 250 stand for all.
        noise: (12, N, K), shared by splits and models.
    """

    data: DataSet
    items: dict[str, np.ndarray]
    noise: Tensor

    @classmethod
    def of(cls, config: SweepConfig, data: DataSet) -> "Evaluation":
        """The items and the noise of a configuration: N = min(points, train size, test size)."""
        points = min(config.points, len(data.train), len(data.test))
        shuffled = np.random.default_rng(config.seed).permutation
        items = {name: shuffled(getattr(data, name))[:points] for name in SPLITS}
        noise = evaluation_noise(config.seed, CODES_AVERAGED, points, config.latent_dim)
        return cls(data, items, torch.from_numpy(noise).float())

    @property
    def stored(self) -> np.ndarray:
        """Data-set indices of the test items whose codes a run keeps."""
        return self.items["test"][:MOST_STORED]

    def count(self, last: bool) -> int:
        """How many items of a split are measured: all at the last step."""
        points = len(self.items["test"])
        return points if last else min(POINTS_WHILE_TRAINING, points)

    def taken(self, split: str, count: int, like: Tensor) -> Items:
        """The first `count` items of a split, where `like` lives; all cells of the distribution where it is known."""
        if isinstance(self.data.known, Joint):
            return Items.of_joint(self.data.known, like)
        chosen, data = self.items[split][:count], self.data
        target = None if data.target is None else torch.from_numpy(data.target[chosen]).to(like)
        labels = torch.from_numpy(data.label[chosen]).to(like.device)
        return Items(torch.from_numpy(data.inputs[chosen]).to(like), labels, target)
