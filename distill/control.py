"""What every recording of a run shares: where it is continued, what was asked from outside, how far it is."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from distill import store, threads

STATUS_EVERY, PAUSE_POLL = 0.25, 0.05  # seconds


class Trained(Protocol):
    """Whatever is trained step by step."""

    step: int

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole training."""

    @property
    def device(self) -> torch.device:
        """Where it is trained."""


class Control:
    """Asks the run's control file whether to go on, writes its status file, and lets the thread count be tuned."""

    def __init__(self, path: Path, trained: Trained, fixed_threads: int | None) -> None:
        self.path, self.trained, self.told = path, trained, 0.0
        self.tuner = threads.Tuner(fixed_threads)

    def proceed(self, step: int) -> bool:
        """Whether to take the next step; waits here while paused."""
        wish = store.requested(self.path)
        if wish == "pause":
            self.report("paused")
            while (wish := store.requested(self.path)) == "pause":
                time.sleep(PAUSE_POLL)
            self.report()
        self.tuner.tick()
        if time.monotonic() - self.told > STATUS_EVERY:
            self.report()
        return wish != "stop"

    def report(self, status: str = "running") -> None:
        """Write the status file."""
        self.told, at = time.monotonic(), self.trained
        store.write_status(
            self.path, status=status, step=at.step, steps=at.steps, pid=os.getpid(), device=str(at.device), message=""
        )  # fmt: skip


def left_off(path: Path) -> dict[str, np.ndarray] | None:
    """The checkpoint from which the run at `path` is to be continued; None where it begins anew."""
    return store.load_checkpoint(path) if store.exists(path) and not store.summary(path).complete else None


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Which Python, and which versions of these packages, make the run."""
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
