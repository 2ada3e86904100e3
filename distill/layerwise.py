"""Many plain networks trained side by side: each seed its own start and its own order of batches, nothing shared."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from distill import datasets, threads
from distill.datasets import DataSet
from distill.errors import InvalidValue
from distill.layer_config import LayersConfig
from distill.training import ORDER, START, resolve_device, stream, synchronise, timed

MOMENTS, TINY = (0.9, 0.999), 1e-8  # Adam's own
LARGEST = 200_000_000  # bytes of weights that a run keeps, all snapshots together
# derivative of the activation, out of its value
SLOPES: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": lambda h: 1 - h.square(),
    "relu": lambda h: (h > 0).to(h.dtype),
    "softplus": lambda h: 1 - torch.exp(-h),
    "linear": torch.ones_like,
}
ACTS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh_,
    "relu": torch.relu_,
    "softplus": F.softplus,
    "linear": lambda x: x,
}


@dataclass(frozen=True)
class Shape:
    """Networks of one shape whose weights lie in flat rows: (out, in + 1) a layer, the bias last.

    Attributes:
        widths: of the input, the hidden layers and the output.
        activation: of the hidden layers; the output's is the softmax.
    """

    widths: tuple[int, ...]
    activation: str

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(out, in + 1) of every layer."""
        return [(outputs, inputs + 1) for inputs, outputs in itertools.pairwise(self.widths)]

    @property
    def places(self) -> list[slice]:
        """Where every layer lies in a flat row."""
        ends = np.cumsum([0, *(outputs * inputs for outputs, inputs in self.sizes)]).tolist()
        return [slice(*each) for each in itertools.pairwise(ends)]

    @property
    def count(self) -> int:
        """Weights of one network."""
        return self.places[-1].stop

    def layers(self, flat: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Views of (S, count): weights (S, out, in) and biases (S, out, 1) of every layer."""
        blocks = [flat[:, at].view(-1, *size) for at, size in zip(self.places, self.sizes, strict=True)]
        return [(block[..., :-1], block[..., -1:]) for block in blocks]

    def start(self, generator: torch.Generator) -> Tensor:
        """One network's first weights (count,), float64: normal, cut off at two deviations 1/√in; biases 0."""
        flat = torch.zeros(1, self.count, dtype=torch.float64)
        for weight, _ in self.layers(flat):
            scale = 1 / math.sqrt(weight.shape[-1])
            drawn = torch.empty(weight.shape, dtype=torch.float64)
            weight.copy_(torch.nn.init.trunc_normal_(drawn, 0, scale, -2 * scale, 2 * scale, generator=generator))
        return flat[0]

    def forward(self, flat: Tensor, x: Tensor) -> list[Tensor]:
        """Inputs (S, D, N), or (D, N) for all → the hidden layers' activations and the logits, (S, units, N) each.

        Items lie along the last axis: with units there, the products would take five times as long, softmax forty.
        """
        here = x.expand(len(flat), *x.shape) if x.ndim == 2 else x
        found: list[Tensor] = []
        for weight, bias in self.layers(flat):
            here = torch.baddbmm(bias, weight, here)
            if len(found) < len(self.widths) - 2:
                here = ACTS[self.activation](here)
            found.append(here)
        return found

    def gradient(self, flat: Tensor, x: Tensor, labels: Tensor, out: Tensor) -> None:
        """Writes into `out` (S, count) the gradients of the S mean cross-entropies, nats.

        x is (S, D, B), `labels` (S, B). Backpropagation written out: in layers this narrow, finding the way back costs
        more than going it.
        """
        found = self.forward(flat, x)
        delta = found[-1].softmax(1)
        delta.scatter_add_(1, labels.unsqueeze(1), delta.new_full((1, 1, 1), -1.0).expand(len(delta), 1, x.shape[-1]))
        delta /= x.shape[-1]
        below, layers, slots = [x, *found[:-1]], self.layers(flat), self.layers(out)
        for i in reversed(range(len(layers))):
            slots[i][0].copy_(delta @ below[i].mT)
            torch.sum(delta, -1, keepdim=True, out=slots[i][1])
            if i:
                delta = (layers[i][0].mT @ delta).mul_(SLOPES[self.activation](below[i]))


@dataclass
class Cohort:
    """The networks of a run at one step of their training.

    Attributes:
        weights, mean, square: (S, count): weights, and Adam's two moments.
        seconds: time that the optimiser steps have taken, those before a continuation included.
    """

    config: LayersConfig
    data: DataSet
    shape: Shape
    weights: Tensor
    mean: Tensor
    square: Tensor
    step: int = 0
    seconds: float = 0.0

    @property
    def device(self) -> torch.device:
        """Where the networks live."""
        return self.weights.device

    @property
    def batch(self) -> int:
        """Items of one batch."""
        return min(self.config.batch_size, len(self.data.train))

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the training items; a last, shorter batch is left out."""
        return len(self.data.train) // self.batch

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole training."""
        return self.config.epochs * self.steps_per_epoch

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Everything that continuing needs."""
        tensors = {"weights": self.weights, "mean": self.mean, "square": self.square}
        arrays = {name: value.cpu().numpy().copy() for name, value in tensors.items()}
        return {**arrays, "step": np.array(self.step), "seconds": np.array(self.seconds)}

    def restore(self, checkpoint: dict[str, np.ndarray]) -> None:
        """Continue from what `checkpoint` gave."""
        for name in ("weights", "mean", "square"):
            getattr(self, name).copy_(torch.from_numpy(np.asarray(checkpoint[name]).copy()))
        self.step, self.seconds = int(checkpoint["step"]), float(checkpoint["seconds"])


def build(config: LayersConfig, data: DataSet | None = None, dtype: torch.dtype = torch.float32) -> Cohort:
    """The networks before their first step, on the device that the configuration asks for.

    Raises:
        InvalidValue: where the device is not there, and where the weights to keep would be too many.
    """
    threads.keep_memory()
    data = data or datasets.load(config.dataset, **config.dataset_options)
    shape = Shape((data.inputs.shape[1], *config.widths, len(data.label_classes)), config.activation)
    kept = 4 * shape.count * config.seeds * config.snapshots
    if kept > LARGEST:
        text = f"{config.seeds} networks of {shape.count} weights kept at {config.snapshots} snapshots are {kept:.2g}"
        raise InvalidValue(f"{text} bytes, of {LARGEST:.2g} allowed; choose fewer seeds, snapshots or units")
    rows = [shape.start(stream(config.seed + i, START)) for i in range(config.seeds)]
    weights = torch.stack(rows).to(resolve_device(config.device), dtype)
    return Cohort(config, data, shape, weights, torch.zeros_like(weights), torch.zeros_like(weights))


def pauses(cohort: Cohort, proceed: Callable[[int], bool] = lambda step: True) -> Iterator[bool]:
    """Train to the end, pausing at every planned step that is still ahead, the present one included.

    Yields whether the training ends here, as planned or stopped. `proceed(step)` is asked before every step.
    """
    batches, shown = Batches(cohort), cohort.step
    for goal in snapshot_steps(cohort.steps, cohort.config.snapshots):
        if goal < cohort.step:
            continue
        stopped = False
        while cohort.step < goal and not stopped:
            stopped = not proceed(cohort.step)  # may last, where it waits for the end of a pause
            if not stopped:
                with timed(cohort):
                    batches.advance()
        with timed(cohort):
            synchronise(cohort.device)
        if not stopped or cohort.step > shown:
            shown = cohort.step
            yield stopped or cohort.step == cohort.steps
        if stopped:
            return


def snapshot_steps(steps: int, count: int) -> tuple[int, ...]:
    """At most `count` steps from 0 to `steps`, evenly spaced in the logarithm as far as whole numbers can be.

    Layers move over decades of epochs, and their curves are drawn over the logarithm.
    """
    found = [0]
    for left in range(min(count - 1, steps), 0, -1):
        here = max(found[-1], 1)
        found.append(max(found[-1] + 1, round(here * (steps / here) ** (1 / left))) if found[-1] or left == 1 else 1)
    return tuple(found)


class Batches:
    """The training items on the device, and one optimiser step at a time over them."""

    def __init__(self, cohort: Cohort) -> None:
        data, self.cohort = cohort.data, cohort
        self.inputs = torch.from_numpy(data.inputs[data.train].T.copy()).to(cohort.weights)  # (D, items)
        self.labels = torch.from_numpy(data.label[data.train]).to(cohort.device)
        self.slope = torch.zeros_like(cohort.weights)
        self.epoch, self.order = -1, torch.empty(0, dtype=torch.long)

    def advance(self) -> None:
        """One step of Adam (Kingma & Ba 2015) for all networks, each on the batch that its seed gives."""
        at = self.cohort
        x, labels = self.items(*divmod(at.step, at.steps_per_epoch))
        at.shape.gradient(at.weights, x, labels, self.slope)
        at.step += 1
        at.mean.lerp_(self.slope, 1 - MOMENTS[0])
        at.square.mul_(MOMENTS[1]).addcmul_(self.slope, self.slope, value=1 - MOMENTS[1])
        root = (at.square / (1 - MOMENTS[1] ** at.step)).sqrt_().add_(TINY)
        at.weights.addcdiv_(at.mean, root, value=-at.config.learning_rate / (1 - MOMENTS[0] ** at.step))

    def items(self, epoch: int, batch: int) -> tuple[Tensor, Tensor]:
        """Inputs (S, D, B) and labels (S, B) of one batch of one epoch."""
        if epoch != self.epoch:
            seeds = range(self.cohort.config.seed, self.cohort.config.seed + self.cohort.config.seeds)
            orders = [torch.randperm(len(self.labels), generator=stream(seed, ORDER, epoch)) for seed in seeds]
            self.epoch, self.order = epoch, torch.stack(orders).to(self.labels.device)
        chosen = self.order[:, batch * self.cohort.batch : (batch + 1) * self.cohort.batch]
        return self.inputs[:, chosen].transpose(0, 1).contiguous(), self.labels[chosen]
