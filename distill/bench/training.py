"""One sweep beside the trainings that a careful user would write, and beside this machine's large matrix products."""

import argparse
import itertools
import math
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from distill.bench import new_table
from distill.config import SweepConfig, log_betas
from distill.evaluation import measure
from distill.items import Evaluation
from distill.measures.codes import evaluation_noise
from distill.networks import SMALLEST_SCALE
from distill.training import MOMENTS, Trainer, build, learning_rate_at, snapshots
from distill.variables import SPLITS

if TYPE_CHECKING:
    from rich.table import Table

TRIAL_STEPS, TRIALS = 12, 3
SIDE = 1024  # of the large matrices: a product lasts about as long as three steps, so that both meet the same load
CLOSE = 0.3  # bits: how near the reference a curve must come
LENGTHS, REFERENCE = (60, 120, 240), 640  # epochs


def tables(given: argparse.Namespace) -> "Iterator[Table]":
    """The tables of this part, as they become ready."""
    config = SweepConfig(betas=log_betas(count=given.betas), epochs=given.epochs, device="cpu")
    race = run_race(config)
    yield _race_table(config, race)
    yield _arithmetic_table(race)
    if given.reference:
        yield _reference_table(replace(config, device="auto"))


class Alone(nn.Module):
    """One variational bottleneck of plain layers, at one β."""

    def __init__(self, inputs: int, hidden: tuple[int, ...], latent_dim: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise((inputs, *hidden)):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.encoder = nn.Sequential(*layers, nn.Linear((inputs, *hidden)[-1], 2 * latent_dim))
        self.decoder = nn.Linear(latent_dim, classes)

    def loss(self, x: Tensor, y: Tensor, noise: Tensor, beta: float) -> Tensor:
        """Cross-entropy plus β times the rate, nats."""
        mean, rho = self.encoder(x).chunk(2, dim=-1)
        scale = F.softplus(rho) + SMALLEST_SCALE
        rate = (0.5 * (mean.square() + scale.square() - 1) - scale.log()).sum(-1).mean()
        return F.cross_entropy(self.decoder(mean + scale * noise), y) + beta * rate


class Separate:
    """The trainings a careful user would write: one model after the other, batches by index, Adam in one kernel."""

    def __init__(self, trainer: Trainer) -> None:
        data, self.config, self.steps = trainer.data, trainer.config, trainer.steps
        self.inputs, self.labels = torch.from_numpy(data.inputs[data.train]), torch.from_numpy(data.label[data.train])
        self.classes, self.per_epoch = len(data.label_classes), trainer.steps_per_epoch

    def train(self, beta: float, steps: int) -> Alone:
        """A model after `steps` steps of the same schedule as the sweep's."""
        config = self.config
        model = Alone(self.inputs.shape[1], config.hidden, config.latent_dim, self.classes)
        optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate, betas=MOMENTS, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self._share_of_peak)
        for step in range(steps):
            if step % self.per_epoch == 0:
                batches = torch.randperm(len(self.inputs)).split(config.batch_size)
            chosen = batches[step % self.per_epoch]
            noise = torch.randn(len(chosen), config.latent_dim)
            optimiser.zero_grad()
            model.loss(self.inputs[chosen], self.labels[chosen], noise, beta).backward()
            optimiser.step()
            schedule.step()
        return model

    def _share_of_peak(self, step: int) -> float:
        return learning_rate_at(step, self.steps, 1.0)


@dataclass
class Race:
    """What the turns gave: seconds a step of the sweep, of one model alone, and of a large product; losses in nats."""

    flops: float
    sweep: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    product: list[float] = field(default_factory=list)
    loss_sweep: list[float] = field(default_factory=list)
    loss_alone: list[float] = field(default_factory=list)
    threads_sweep: list[int] = field(default_factory=list)
    threads_alone: list[int] = field(default_factory=list)


def run_race(config: SweepConfig) -> Race:
    """Both whole trainings in turns, one turn a β: some steps of the sweep, a large product, one training alone."""
    trainer = build(config)
    separate, race = Separate(trainer), Race(useful_flops(config, trainer))
    turns = len(config.betas)
    plan = tuple(round(trainer.steps * i / turns) for i in range(turns + 1))
    matrix, result = torch.randn(SIDE, SIDE), torch.empty(SIDE, SIDE)
    walk, spare = snapshots(trainer, planned=plan), _endless_steps(config)
    next(walk)
    for i, beta in enumerate(config.betas):
        if i % 8 == 0:  # the load of the machine changes, and with it the best count
            sweep_threads = best_threads(lambda: next(spare))
            alone_threads = best_threads(lambda: separate.train(0.01, TRIAL_STEPS))
        torch.set_num_threads(sweep_threads)
        race.sweep.append(_seconds(lambda: next(walk)) / max(1, plan[i + 1] - plan[i]))
        race.product.append(statistics.median(_seconds(lambda: torch.mm(matrix, matrix, out=result)) for _ in range(5)))
        torch.set_num_threads(alone_threads)
        began = time.perf_counter()
        model = separate.train(beta, trainer.steps)
        race.alone.append((time.perf_counter() - began) / trainer.steps)
        race.loss_alone.append(_loss(model, separate, beta))
        race.threads_sweep.append(sweep_threads)
        race.threads_alone.append(alone_threads)
    race.loss_sweep = [_loss(_taken(trainer, i), separate, beta) for i, beta in enumerate(config.betas)]
    return race


def best_threads(work: Callable[[], object]) -> int:
    """One thread or all cores, whichever makes `work` faster; tried in turns."""
    counts = sorted({1, os.cpu_count() or 1})
    times: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(TRIALS):
        for count in counts:
            torch.set_num_threads(count)
            times[count].append(_seconds(work))
    return min(counts, key=lambda count: statistics.median(times[count]))


def useful_flops(config: SweepConfig, trainer: Trainer) -> float:
    """Multiplications and additions of one optimiser step of all models.

    Each layer's product is made once forwards, once for its weights' gradient and once for its input's, but for the
    first layer, whose input needs none. Everything else (noise, losses, Adam) counts as nothing.
    """
    widths = (trainer.data.inputs.shape[1], *config.hidden, 2 * config.latent_dim)
    layers = [a * b for a, b in itertools.pairwise(widths)] + [config.latent_dim * len(trainer.data.label_classes)]
    return 2.0 * (3 * sum(layers) - layers[0]) * config.batch_size * len(config.betas)


def _race_table(config: SweepConfig, race: Race) -> "Table":
    count, steps = len(config.betas), statistics.median(race.sweep)
    apart = count * statistics.median(race.alone)
    ratio = statistics.median(count * a / b for a, b in zip(race.alone, race.sweep, strict=True))
    title = f"{count} βs on digits, {config.epochs} epochs: one sweep is {ratio:.1f} times as fast as {count} trainings"
    table = new_table(title, "", "ms a step of all βs", "threads", "final loss, bits", "quickest turn, ms")
    for name, seconds, threads, losses, best in (
        ("one sweep", steps, race.threads_sweep, race.loss_sweep, min(race.sweep)),
        (f"{count} trainings alone", apart, race.threads_alone, race.loss_alone, count * min(race.alone)),
    ):
        loss = statistics.mean(losses) / math.log(2)
        used = " or ".join(str(each) for each in sorted(set(threads)))
        table.add_row(name, f"{1e3 * seconds:.2f}", used, f"{loss:.3f}", f"{1e3 * best:.2f}")
    table.caption = (
        "losses: mean over β, training items, the same noise; medians over turns, so that both meet the same load"
    )
    return table


def _arithmetic_table(race: Race) -> "Table":
    product = 2.0 * SIDE**3
    share = statistics.median(race.flops / a / (product / b) for a, b in zip(race.sweep, race.product, strict=True))
    table = new_table(f"Useful arithmetic: the sweep does {share:.0%} of what large products do", "", "GFLOP/s", "best")
    for name, work, times in (
        ("the sweep, its matrix products alone counted", race.flops, race.sweep),
        (f"products of {SIDE} × {SIDE} matrices, as many threads", product, race.product),
    ):
        table.add_row(name, f"{work / statistics.median(times) / 1e9:.0f}", f"{work / min(times) / 1e9:.0f}")
    return table


def _reference_table(config: SweepConfig) -> "Table":
    curves = {epochs: _curve(replace(config, epochs=epochs)) for epochs in (*LENGTHS, REFERENCE)}
    betas, (wanted, longest) = np.array(config.betas), curves[REFERENCE]
    title = f"How near a training comes to one of {REFERENCE} epochs ({longest:.0f} s): max |ΔI(X;Z)|, bits, test"
    table = new_table(title, "epochs", "seconds", "β ≥ 1e-3", "β ≥ 1e-4", "every β", f"βs within {CLOSE}")
    for epochs in LENGTHS:
        found, seconds = curves[epochs]
        apart = np.abs(found - wanted)
        farthest = [f"{apart[betas >= low].max():.2f}" for low in (1e-3, 1e-4, 0)]
        table.add_row(str(epochs), f"{seconds:.1f}", *farthest, f"{(apart <= CLOSE).sum()} of {len(betas)}")
    return table


def _curve(config: SweepConfig) -> tuple[np.ndarray, float]:
    """I(X;Z) on the test items at the end, (S,) bits, and the seconds of the training."""
    trainer = build(config)
    torch.set_num_threads(_best_threads_of(config))
    *_, last = snapshots(trainer, planned=(trainer.steps,))
    run = measure(last, Evaluation.of(config, trainer.data))
    return run.information_x.isel(split=SPLITS.index("test")).values[0], last.seconds


def _best_threads_of(config: SweepConfig) -> int:
    """The faster thread count for the steps of a configuration."""
    spare = _endless_steps(config)
    return best_threads(lambda: next(spare))


def _endless_steps(config: SweepConfig) -> Iterator[object]:
    """Goes on training a spare sweep, a few steps each time."""
    trainer = build(replace(config, epochs=100_000))
    yield from snapshots(trainer, planned=tuple(range(0, trainer.steps, TRIAL_STEPS)))


def _taken(trainer: Trainer, index: int) -> Alone:
    """Model number `index` of a sweep as a module of its own."""
    config = trainer.config
    alone = Alone(trainer.data.inputs.shape[1], config.hidden, config.latent_dim, len(trainer.data.label_classes))
    stacked = [each for each in trainer.model.encoder if hasattr(each, "weight")] + [trainer.model.decoder]
    plain = [each for each in alone.encoder if hasattr(each, "weight")] + [alone.decoder]
    with torch.no_grad():
        for ours, theirs in zip(stacked, plain, strict=True):
            theirs.weight.copy_(ours.weight[index].T)
            theirs.bias.copy_(ours.bias[index, 0])
    return alone


@torch.no_grad()
def _loss(model: Alone, separate: Separate, beta: float) -> float:
    noise = torch.from_numpy(evaluation_noise(0, 1, len(separate.inputs), separate.config.latent_dim)).float()[0]
    return float(model.loss(separate.inputs, separate.labels, noise, beta))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
