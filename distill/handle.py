"""One training as its caller sees it: how far it is, and how it is paused, resumed and stopped."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import xarray as xr

from distill import store
from distill.config import Configuration, SweepConfig
from distill.errors import DistillError

ALIVE, OVER = ("queued", "running", "paused"), ("stopped", "done", "failed")
ALL_FOLLOWED = -1  # in the status file, in the place of the number of the next follow-up


class Job:
    """The handle that `submit` returns; every method may be called from any thread.

    Attributes:
        id, config, path: the run.
        status: queued, running, paused, stopped, done or failed.
        message: the sentence that goes with stopped and failed, or about follow-ups that failed; else empty.
    """

    def __init__(
        self,
        config: Configuration,
        path: Path,
        changed: threading.Condition,
        place: Callable[["Job"], int | None],
        status: str = "queued",
        anew: bool = False,
    ) -> None:
        self.config, self.path, self.id = config, path, config.id
        self.status, self.message = status, ""
        self.anew = anew  # is to start over, and has not yet done so
        self.next: int | None = None  # number of the next follow-up: 0 probes, i the map of β number i − 1
        self.part = 0  # of follow-up 0, which has several
        self.active = self.parked = False  # with the worker; and asked to leave it to others while it is paused
        self._pace: tuple[float, int] | None = None
        self._changed, self._place, self._over = changed, place, threading.Event()
        if status in OVER:
            self._over.set()

    @property
    def place(self) -> int | None:
        """0 while it runs, 1, 2, … while it waits, None when it does neither."""
        return self._place(self)

    @property
    def snapshots(self) -> int:
        """Snapshots that can be read by now."""
        run = self._summary()
        return run.snapshots if run else 0

    @property
    def step(self) -> int:
        """Optimiser steps done."""
        if self.anew:
            return 0
        said = store.read_status(self.path).get("step") if self.active else None
        run = None if isinstance(said, int) else self._summary()
        return said if isinstance(said, int) else max(run.last_step, 0) if run else 0

    @property
    def steps(self) -> int:
        """Optimiser steps in all; 0 while it is not known."""
        run = self._summary()
        return run.steps if run else int(store.read_status(self.path).get("steps") or 0)

    @property
    def progress(self) -> float:
        """Share of the optimiser steps done, 0 to 1."""
        return 1.0 if self.status == "done" else min(1.0, self.step / self.steps) if self.steps else 0.0

    @property
    def time_left(self) -> float | None:
        """Seconds to the end at the pace since it began, or None where there is no pace yet."""
        pace, step = self._pace, self.step
        if self.status != "running" or pace is None or step <= pace[1] or not self.steps:
            return None
        return (time.monotonic() - pace[0]) / (step - pace[1]) * max(0, self.steps - step)

    @property
    def follow_up(self) -> str:
        """What is still to be computed for a finished run, in words; empty if nothing."""
        if self.next is None:
            return ""
        return f"maps {self.next} of {len(self.config.betas)}" if self.next else "probes, pictures and attacks"

    def result(self, timeout: float | None = None) -> xr.Dataset:
        """Waits for the end and opens the run; after a stop, as far as it got.

        Raises:
            DistillError: if the training failed, or was stopped before its first snapshot.
            TimeoutError: after `timeout` seconds.
        """
        if not self._over.wait(timeout):
            raise TimeoutError(f"run '{self.id}' is not done after {timeout} s")
        if self.status == "failed":
            raise DistillError(self.message)
        if not store.exists(self.path):
            gone = "was deleted" if self.status == "done" else "was stopped before its first snapshot"
            raise DistillError(f"run '{self.id}' {gone}")
        return store.open_run(self.path)

    def pause(self) -> None:
        """Lets it rest, where it stands; a paused job gives up the worker when another training waits for it."""
        with self._changed:
            if self.status in ("queued", "running"):
                self.status, self._pace = "paused", None
                if not self.parked:  # else it is about to leave the worker anyway
                    self._ask("pause")

    def resume(self) -> None:
        """Goes on after a pause."""
        with self._changed:
            if self.status == "paused":
                self.status = "running" if self.active else "queued"
                if not self.parked:
                    self._ask("resume")
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends it at the next optimiser step; what was measured stays. Follow-ups of a finished job are left out."""
        with self._changed:
            self.next, self.parked = None, False
            if self.status in ALIVE and not self.active:
                self.end("stopped", f"run '{self.id}' was taken out of the queue")
            elif self.status in ALIVE:
                self._ask("stop")

    def end(self, status: str, message: str = "") -> None:
        """For the queue: the job is over."""
        with self._changed:
            self.status, self.message, self.active, self.parked = status, message, False, False
            self._changed.notify_all()
        self._over.set()

    def start_over(self) -> None:
        """For the queue, when its turn has come: forgets the checkpoint of a run that is to be trained anew.

        Not sooner, so that a job that is called off has lost nothing; and once, so that one that is parked continues.

        Raises:
            DistillError: while another process trains the same run.
        """
        if self.anew:
            with store.lock(self.path):
                store.drop_checkpoint(self.path)
                store.write_status(self.path, step=0, after=0)
            self.anew = False

    def look(self) -> None:
        """For the queue: notes from which step the pace is counted."""
        said = store.read_status(self.path)
        if self._pace is None and self.status == "running" and said.get("status") == "running":
            self._pace = (time.monotonic(), self.step)

    def where(self) -> str:
        """For sentences: "step 420 of 1260"."""
        run = self._summary()
        return f"at step {run.last_step} of {run.steps}" if run else "before its first snapshot"

    def _ask(self, what: str) -> None:
        if self.active:
            store.request(self.path, what)

    def _summary(self) -> store.Run | None:
        with suppress(DistillError):
            return store.summary(self.path)
        return None


class Asked:
    """A small piece of work that the worker does between trainings: its answer, once there is one."""

    def __init__(self, function: str, path: Path, arguments: tuple[float | str, ...]) -> None:
        self.function, self.path, self.arguments = function, path, arguments
        self._answer: tuple[str, str] | None = None
        self._over = threading.Event()

    @property
    def done(self) -> bool:
        """Whether there is an answer."""
        return self._over.is_set()

    def result(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - a JSON tree
        """Waits for the answer.

        Raises:
            DistillError: if the work failed.
            TimeoutError: after `timeout` seconds.
        """
        if not self._over.wait(timeout):
            raise TimeoutError(f"{self.function} has not answered after {timeout} s")
        text, message = self._answer
        if text == "failed":
            raise DistillError(message)
        return json.loads(text)

    def answer(self, answer: tuple[str, str]) -> None:
        """For the queue: what the worker said."""
        self._answer = answer
        self._over.set()


def complete(path: Path) -> bool:
    """Whether a run that was trained to its end lies at `path`."""
    with suppress(DistillError):
        return store.summary(path).complete
    return False


def followed(config: Configuration) -> bool:
    """Whether something is computed after the training of such a run: probes and maps, of a sweep."""
    return isinstance(config, SweepConfig)


def follow_up_of(path: Path) -> int | None:
    """The number of the next follow-up of a complete sweep; None if there is none, or nothing known of it."""
    config = store.summary(path).config
    if config is not None and not followed(config):
        return None
    status = store.read_status(path)
    after = status.get("after", 0) if status else ALL_FOLLOWED
    return None if after == ALL_FOLLOWED else int(after)
