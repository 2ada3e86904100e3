"""The network of a run of the Shannon wall from its first step to its last, and what is sent meanwhile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch

from distill import sources, threads
from distill.coding.contexts import Canvas, Sight
from distill.coding.learning import Learner, learner
from distill.coding.measuring import counts
from distill.errors import InvalidValue
from distill.sources import Source
from distill.training import resolve_device, synchronise, timed
from distill.wall_config import WallConfig

FEWEST_TRAINING = 2000  # symbols of the training part, below which no network is trained


@dataclass
class Wall:
    """A run at one step: what is sent, and the network as far as it has learned.

    Attributes:
        canvas: what is sent, as the network sees it; None without a network.
        learner: None where the source leaves nothing to learn from, and `why` says so.
    """

    config: WallConfig
    source: Source
    device: torch.device
    canvas: Canvas | None = None
    learner: Learner | None = None
    why: str = ""

    @property
    def step(self) -> int:
        """Optimiser steps that are done."""
        return self.learner.step if self.learner else 0

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole training."""
        return self.config.steps if self.learner else 0

    @property
    def counts(self) -> tuple[int, ...]:
        """Numbers of items sent."""
        return counts(self.source.items, self.source.item_symbols)


def build(config: WallConfig, source: Source | None = None) -> Wall:
    """The source cut to what is sent, and the network before its first step.

    Raises:
        InvalidValue: where the device is not there, an option of the source is not allowed, or nothing is to be sent.
    """
    threads.keep_memory()
    source, device = source or sources.load(config.source, config.source_options), resolve_device(config.device)
    if not source.items:
        raise InvalidValue(f"source '{config.source}' has nothing to send; it must have one {source.item} or more")
    if config.items is not None and config.items < source.items:
        source = replace(source, symbols=source.symbols[: config.items * source.item_symbols])
    why = lacking(source)
    if why:
        return Wall(config, source, device, why=why)
    sight = Sight(source.alphabet, source.shape, config.context)
    canvas = Canvas(sight, len(source.symbols))
    canvas.fill(source.symbols)
    found = learner(
        sight, source.training, config.width, config.steps, config.batch_size, config.learning_rate, config.seed, device
    )
    return Wall(config, source, device, canvas, found)


def lacking(source: Source) -> str:
    """Why no network is trained on this source, a sentence; "" where one is."""
    if len(source.training) >= FEWEST_TRAINING:
        return ""
    if not len(source.training):
        return "No network: this source has no training part, and what is sent must not be learned from."
    return f"No network: the training part has {len(source.training):,} symbols, and {FEWEST_TRAINING:,} are needed."


def pauses(wall: Wall, proceed: Callable[[int], bool]) -> Iterator[bool]:
    """Train to the end, pausing at every planned step that is still ahead; yields whether the training ends here."""
    for goal in snapshot_steps(wall.steps, wall.config.snapshots):
        if goal < wall.step:
            continue
        stopped = False
        while wall.step < goal and not stopped:
            stopped = not proceed(wall.step)
            if not stopped:
                with timed(wall.learner):
                    wall.learner.advance()
        synchronise(wall.device)
        if not stopped or wall.step:
            yield stopped or wall.step == wall.steps
        if stopped:
            return


def snapshot_steps(steps: int, count: int) -> tuple[int, ...]:
    """At most `count` steps from 0 to `steps`, closer together at the beginning, where the network learns fastest."""
    return tuple(sorted({round(steps * (i / (count - 1)) ** 2) for i in range(count)}))
