"""The only training loop: every β of a sweep in one batched model, yielding snapshots as it goes."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from distill import datasets, objectives, threads
from distill.config import SweepConfig
from distill.datasets import DataSet
from distill.errors import InvalidValue
from distill.networks import Bottleneck, Heads
from distill.objectives import Batch, Objective, Shape, Terms

KEPT_CODES = 6  # snapshots that keep their codes, the last among them
WARM = 0.2  # share of the training in which the learning rate rises
# Adam's second moment forgets within 50 steps. Once the labels are fitted, the gradients that compress are far smaller
# than those that fitted; with the usual 0.999 the step stays scaled to the latter, and I(X;Z) falls ten times slower.
MOMENTS = (0.9, 0.98)
NOISE, ORDER, START = 1, 2, 3  # what a random stream is for; with the seed and the step it names the stream


@dataclass
class Trainer:
    """A sweep at one step of its training: the model, its optimiser, and the step that they have reached.

    `strength` (S,) holds the value of the knob of every model; S = βs × copies × seeds, those of the first seed first.
    `seconds` is the time that its optimiser steps have taken, those before a continuation included.
    """

    config: SweepConfig
    data: DataSet
    objective: Objective
    model: Bottleneck
    optimiser: torch.optim.Optimizer
    strength: Tensor
    step: int = 0
    seconds: float = 0.0

    @property
    def device(self) -> torch.device:
        """Where the model lives."""
        return self.strength.device

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the training items; a last, shorter batch is left out."""
        return max(1, len(self.data.train) // self.config.batch_size)

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole training."""
        return self.config.epochs * self.steps_per_epoch

    @property
    def progress(self) -> float:
        """Share of the training that lies behind."""
        return self.step / self.steps

    def loss(self, inputs: Tensor, labels: Tensor, noise: Tensor, target: Tensor | None = None) -> Tensor:
        """(S,) nats: what the models lose on items (N, D) or (S, N, D) with noise (N, K) or (S, N, K)."""
        mean, scale = self.model.encode(inputs)
        code = self.model.sample(mean, scale, noise)
        batch = Batch(inputs, labels, mean, scale, code, target, progress=self.progress)
        return self.objective.loss(self.terms(batch), self.strength)

    def terms(self, batch: Batch) -> Terms:
        """What the loss is made of."""
        return self.objective.terms(self.model, batch)

    def targets(self) -> Tensor | None:
        """What a batch holds of the training items besides labels: (items, Dy), or (seeds, items, Dy) by seed."""
        return None if self.data.target is None else torch.from_numpy(self.data.target[self.data.train])

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Everything that continuing needs: weights, moments, the step and the seconds spent."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for index, moments in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{name}": value for name, value in moments.items()}
        arrays = {name: value.detach().cpu().numpy().copy() for name, value in tensors.items()}
        return {**arrays, "step": np.array(self.step), "seconds": np.array(self.seconds)}

    def restore(self, checkpoint: dict[str, np.ndarray]) -> None:
        """Continue from what `checkpoint` gave."""
        tensors = {name: torch.from_numpy(np.asarray(value).copy()) for name, value in checkpoint.items()}
        self.step = int(tensors.pop("step"))
        self.seconds = float(tensors.pop("seconds", 0.0))
        weights = {name[6:]: value for name, value in tensors.items() if name.startswith("model.")}
        self.model.load_state_dict(weights)
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, index, moment = name.split(".")
                state.setdefault(int(index), {})[moment] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})


@dataclass(frozen=True)
class Snapshot:
    """A pause in the training at which the models can be measured.

    Attributes:
        trainer: the sweep as it stands.
        last: whether the training ends here, as planned or stopped.
        keeps_codes: whether this is one of the few whose codes are stored.
        seconds: time spent in optimiser steps since the run began, without pauses and measurements.
    """

    trainer: Trainer
    last: bool
    keeps_codes: bool
    seconds: float


def build(
    config: SweepConfig, data: DataSet | None = None, dtype: torch.dtype = torch.float32, copies: int = 1
) -> Trainer:
    """The sweep before its first step, on the device that the configuration asks for.

    With `copies` there are that many networks at each β of each seed, one beside the other, all alike.

    Raises:
        UnknownName: where the data set has no factor called `config.label`.
        InvalidValue: where the device is not there.
    """
    threads.keep_memory()
    data = data or datasets.load(config.dataset, config.label, config.weights, **config.dataset_options)
    device, objective = resolve_device(config.device), objectives.load(config.objective, **config.objective_options)
    generators = [stream(config.seed + i, START) for i in range(config.seeds)]
    model = Bottleneck(
        len(config.betas) * copies, data.inputs.shape[1], config.hidden, config.latent_dim, len(data.label_classes),
        objective.code, generators, dtype, config.decoder_hidden, 0 if data.target is None else data.target.shape[1],
        _heads(data),
    )  # fmt: skip
    betas = torch.tensor(config.betas, dtype=dtype, device=device)
    strength = betas.repeat_interleave(copies).repeat(config.seeds)
    shares = np.bincount(data.label[data.train], minlength=len(data.label_classes)) / len(data.train)
    model.parts = objective.parts(
        Shape(len(strength), data.inputs.shape[1], config.latent_dim, tuple(shares.tolist()), generators, dtype)
    )
    model = model.to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate, betas=MOMENTS, fused=True)
    return Trainer(config, data, objective, model, optimiser, strength)


def _heads(data: DataSet) -> Heads | None:
    """The parts of the decoder, where Y is several factors."""
    if not data.heads:
        return None
    sizes = tuple(len(data.classes[name]) for name in data.heads)
    return Heads(tuple(data.heads), sizes, tuple(data.heads.values()), torch.from_numpy(data.combinations))


def snapshots(
    trainer: Trainer, proceed: Callable[[int], bool] = lambda step: True, planned: tuple[int, ...] | None = None
) -> Iterator[Snapshot]:
    """Train to the end, yielding a Snapshot at every planned step that is still ahead, the present one included.

    `proceed(step)` is asked before every optimiser step; when it says no, a last snapshot is yielded at once, or after
    one more step where the present one has been yielded already: that was a passing one, on few items, without codes.
    """
    plan = planned or snapshot_steps(trainer.steps, trainer.config.snapshots)
    keep = {plan[i] for i in np.linspace(0, len(plan) - 1, KEPT_CODES).round().astype(int)}
    batches, shown = _Batches(trainer), trainer.step
    for goal in plan:
        if goal < trainer.step:
            continue
        stopped = False
        while trainer.step < goal and not stopped:
            stopped = not proceed(trainer.step)  # may last, where it waits for the end of a pause
            if not stopped or trainer.step == shown:
                with timed(trainer):
                    batches.advance()
        with timed(trainer):
            synchronise(trainer.device)
        last, shown = stopped or goal == plan[-1], trainer.step
        yield Snapshot(trainer, last, last or goal in keep, trainer.seconds)
        if stopped:
            return


def snapshot_steps(steps: int, count: int) -> tuple[int, ...]:
    """At most `count` steps from 0 to `steps`, spaced as squares.

    Dense at the start, where the curve moves fast, and never so sparse at the end that a viewer has to wait, as
    logarithmic spacing would be.
    """
    return tuple(sorted({round(steps * (i / (count - 1)) ** 2) for i in range(count)}))


def resolve_device(name: str) -> torch.device:
    """The device called `name`; auto is CUDA, else MPS, else the CPU. Raises InvalidValue where it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(each for each, present in there.items() if present))
    if not there[name]:
        raise InvalidValue(
            f"device '{name}' is not on this machine; there is {', '.join(k for k in there if there[k])}"
        )
    return torch.device(name)


def stream(seed: int, purpose: int, step: int = 0) -> torch.Generator:
    """The random stream of (seed, purpose, step): a continued run draws what the undisturbed one would have drawn."""
    mixed = np.random.SeedSequence((seed, purpose, step)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed >> np.uint64(1)))


def learning_rate_at(step: int, steps: int, peak: float) -> float:
    """One cycle (Smith & Topin 2018): up in a line over the first fifth of the training, down to 0 along a cosine.

    A function of the step alone, so that a continued run follows the same path.
    """
    done = step / steps
    return peak * (done / WARM if done < WARM else 0.5 * (1 + math.cos(math.pi * (done - WARM) / (1 - WARM))))


class _Batches:
    """The training items on the device, and one optimiser step at a time over them."""

    def __init__(self, trainer: Trainer) -> None:
        data, dtype = trainer.data, trainer.strength.dtype
        self.trainer, self.size = trainer, min(trainer.config.batch_size, len(data.train))
        self.inputs = torch.from_numpy(data.inputs[data.train]).to(trainer.device, dtype)
        self.labels = torch.from_numpy(data.label[data.train]).to(trainer.device)
        target = trainer.targets()
        self.target = None if target is None else target.to(self.inputs)
        self.weights = list(trainer.model.parameters())
        self.seeds = range(trainer.config.seed, trainer.config.seed + trainer.config.seeds)
        self.epoch, self.orders = -1, torch.empty(0, dtype=torch.long)

    def advance(self) -> None:
        """One optimiser step of all S models, on the batch and the noise that (seed, step) give."""
        trainer = self.trainer
        items, size = self._next_items(), (self.size, trainer.config.latent_dim)
        noise = torch.stack([torch.randn(size, generator=stream(seed, NOISE, trainer.step)) for seed in self.seeds])
        given = [self.inputs[items], self.labels[items], noise.to(self.inputs)]
        if self.target is not None:
            shared = self.target.ndim == 2
            given.append(self.target[items] if shared else self.target.take_along_dim(items[..., None], 1))
        for weight in self.weights:
            weight.grad = None
        # the sum keeps the models apart: each weight's gradient comes from its own model's loss alone
        trainer.loss(*map(self._for_models, given)).sum().backward()
        for group in trainer.optimiser.param_groups:
            group["lr"] = learning_rate_at(trainer.step, trainer.steps, trainer.config.learning_rate)
        trainer.optimiser.step()
        trainer.step += 1

    def _for_models(self, values: Tensor) -> Tensor:
        """(seeds, N, …) → (N, …), shared by all models, where there is one seed; else (S, N, …)."""
        each = len(self.trainer.strength) // len(self.seeds)
        return values[0] if len(self.seeds) == 1 else values.repeat_interleave(each, 0)

    def _next_items(self) -> Tensor:
        """(seeds, N) places among the training items: every seed has an order of its own."""
        epoch, batch = divmod(self.trainer.step, self.trainer.steps_per_epoch)
        if epoch != self.epoch:
            orders = [torch.randperm(len(self.labels), generator=stream(seed, ORDER, epoch)) for seed in self.seeds]
            self.epoch, self.orders = epoch, torch.stack(orders).to(self.labels.device)
        return self.orders[:, batch * self.size : (batch + 1) * self.size]


@contextmanager
def timed(trainer: Trainer) -> Iterator[None]:
    began = time.perf_counter()
    yield
    trainer.seconds += time.perf_counter() - began


def synchronise(device: torch.device) -> None:
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()
