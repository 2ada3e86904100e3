"""Training in a worker process: a queue of one job at a time, kept here, in the process that asks.

The worker is a loky executor (a cluster's, where DISTILL_SCHEDULER names one). It is handed one piece of work at a
time: a training, a small piece that somebody waits for, or one of those that follow a training (probes, …, then one
β's map after another), which let the next training go first. Control goes through the run's control file, progress
comes from its status file and its arrays.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from functools import cache
from pathlib import Path

from distill import ending, store, worker
from distill.config import Configuration
from distill.errors import DistillError
from distill.handle import ALIVE, ALL_FOLLOWED, OVER, Asked, Job, complete, follow_up_of, followed

__all__ = ["Job", "Queue", "queue", "submit"]

LOOK = 0.2  # seconds between two looks at a job that runs
REMEMBERED = 20  # finished jobs that stay listed


class Queue:
    """Jobs in the order in which they were asked for, handed to the worker one at a time.

    `record`, `finish` and `map_beta` name the functions ("module:name") that the worker calls for the training of a
    sweep and for its follow-ups; another kind of configuration names its own recorder, and nothing follows.
    """

    def __init__(
        self,
        record: str = "distill.recording:record",
        finish: str = "distill.finishing:finish_part",
        map_beta: str = "distill.finishing:map_beta",
    ) -> None:
        self._record, self._finish, self._map_beta = record, finish, map_beta
        self._changed = threading.Condition(threading.RLock())
        self._jobs: list[Job] = []
        self._executor: Executor | None = None
        self._thread: threading.Thread | None = None
        self._to_warm = False
        self._asked: list[Asked] = []

    def submit(self, config: Configuration, anew: bool = False) -> Job:
        """The job for `config`: the equal one that is alive, a finished one if the store has the run, else a new one.

        With `anew` only one that is alive is joined; a run that the store has is trained again from its first step,
        and can be read until the first snapshot of the new one takes its place.

        Raises:
            DistillError: where the store's folder cannot be written.
        """
        path = store.place_of(config)
        with self._changed:
            job = self.find(config.id)
            if job and job.status in ALIVE:
                return job
            if job and job.status == "done" and store.exists(path) and not anew:
                if job.next is None:  # follow-ups that were stopped, or failed, are taken up
                    job.next, job.message = follow_up_of(path), ""
                    self._wake()
                return job
            store.make_side(path)
            status = "done" if complete(path) and not anew else "queued"
            job = Job(config, path, self._changed, self._place, status, anew)
            if job.status == "done":
                job.next = follow_up_of(path)
            self._jobs = [each for each in self._jobs if each.id != job.id] + [job]
            self._wake()
        return job

    def jobs(self) -> list[Job]:
        """The one that runs, then the queue in order, then the finished ones, newest first."""
        with self._changed:
            alive = [job for job in self._jobs if job.status in ALIVE]
            over = [job for job in reversed(self._jobs) if job.status in OVER]
            return sorted(alive, key=lambda job: not job.active) + over

    def find(self, id: str) -> Job | None:
        """The latest job with this run id."""
        with self._changed:
            return next((job for job in reversed(self._jobs) if job.id == id), None)

    def ask(self, path: Path, function: str, *arguments: float | str) -> Asked:
        """Has the worker call `function` ("module:name") with the path of a run and plain arguments; returns at once.

        What it answers must be plain (numbers, text, lists of them). It waits for a training that runs, and goes before
        the follow-ups.
        """
        asked = Asked(function, path, arguments)
        with self._changed:
            self._asked.append(asked)
            self._wake()
        return asked

    def warm(self) -> None:
        """Starts the worker and has it train a tiny run, so that all is imported there; returns at once."""
        with self._changed:
            self._to_warm = True
            self._wake()

    def close(self) -> None:
        """Stops what runs and ends the worker; a later `submit` starts another."""
        with self._changed:
            self._to_warm = False
            for asked in self._asked:
                asked.answer(("failed", "the worker was ended before it came to this"))
            self._asked.clear()
            for job in self._jobs:
                job.stop()
            while any(job.active for job in self._jobs):
                self._changed.wait(LOOK)
            self._dismiss()

    @property
    def alive(self) -> bool:
        """Whether there is a worker."""
        return self._executor is not None

    def _wake(self) -> None:
        over = [job for job in self._jobs if job.status in OVER and job.next is None]
        for job in over[:-REMEMBERED]:
            self._jobs.remove(job)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="distill queue", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _place(self, job: Job) -> int | None:
        with self._changed:
            waiting = [each for each in self._jobs if each.status == "queued"]
            return 0 if job.status == "running" else 1 + waiting.index(job) if job in waiting else None

    def _work(self) -> None:
        while ending.wanted():
            with self._changed:
                task = self._next_task()
                if task is None:
                    self._changed.wait(1.0)
                    continue
            task()

    def _next_task(self) -> Callable[[], None] | None:
        if self._to_warm:
            self._to_warm = False
            return lambda: self._hand_over(None, worker.rehearse, self._record) and None
        for job in self._jobs:
            if job.status == "queued":
                job.status, job.active = "running", True
                with suppress(OSError):
                    store.request(job.path, None)
                return lambda: self._train(job)
        if self._asked:
            asked = self._asked.pop(0)
            return lambda: self._answer(asked)
        left = [job for job in reversed(self._jobs) if job.next is not None]
        job = min(left, key=lambda each: each.next > 0, default=None)  # probes before maps, and the newest run's first
        return job and (lambda: self._follow(job))

    def _train(self, job: Job) -> None:
        record = getattr(job.config, "RECORDER", self._record)
        arguments = (record, job.config.to_json(), str(job.path))
        try:
            job.start_over()
            outcome, message = self._hand_over(job, worker.train, *arguments)
        except (DistillError, OSError) as error:
            outcome, message = "failed", str(error)
        with self._changed, suppress(DistillError, OSError):
            store.request(job.path, None)
        with self._changed:
            if outcome == "stopped" and job.parked:
                job.status = "paused" if job.status == "paused" else "queued"
                job.active = job.parked = False
            elif outcome == "stopped":
                job.end("stopped", f"stopped {job.where()}; press Train to continue")
            elif outcome == "done":
                job.next, job.part = (0 if followed(job.config) else None), 0
                job.end("done")
            else:
                self._fail(job, message or f"the worker answered {outcome!r}")

    def _fail(self, job: Job, message: str) -> None:
        if not store.locked(job.path):  # else another process trains this run, and its status is not ours to change
            with suppress(DistillError, OSError):
                store.write_status(job.path, status="failed", message=message)
        job.end("failed", message)

    def _follow(self, job: Job) -> None:
        index = job.next
        function, number = (self._map_beta, index - 1) if index else (self._finish, job.part)
        outcome, message = self._hand_over(None, worker.follow_up, function, str(job.path), number)
        with self._changed:
            if outcome == "failed":
                job.message, job.next = f"the run is complete, but its {job.follow_up} are missing: {message}", None
            elif index == 0 and outcome == "True":  # there are further parts
                job.part += 1
            elif job.next is not None:  # None: stopped meanwhile
                last = index == len(job.config.betas) or (index > 0 and outcome == "False")
                job.next = None if last else index + 1
                with suppress(DistillError, OSError):
                    store.write_status(job.path, after=ALL_FOLLOWED if last else index + 1)

    def _answer(self, asked: Asked) -> None:
        given = (asked.function, str(asked.path), *asked.arguments)
        asked.answer(self._hand_over(None, worker.asked, *given))

    def _hand_over(
        self, job: Job | None, function: Callable[..., worker.Answer], *arguments: object, again: bool = True
    ) -> worker.Answer:
        """Has the worker call `function`, watching over `job` meanwhile; a worker that dies is an answer too."""
        before = store.read_status(job.path) if job else None
        try:
            future = self._submitted(function, *arguments)
            while not wait([future], LOOK).done:
                with suppress(DistillError, OSError):  # a disk that is full just now is no reason to leave the job
                    self._look(job)
            return future.result()
        except DistillError as error:
            return "failed", str(error)
        except Exception:  # loky's BrokenProcessPool, or what a cluster raises for a lost worker
            self._dismiss()
        if job is None:
            return "failed", "the worker process died"
        if again and ending.wanted() and store.read_status(job.path) == before:  # it had died before the job began
            return self._hand_over(job, function, *arguments, again=False)
        kept = "; what was measured up to there is kept, press Train to continue"
        return "failed", f"the worker process died {job.where()}" + (kept if job.snapshots else "; press Train again")

    def _submitted(self, function: Callable[..., worker.Answer], *arguments: object) -> Future[worker.Answer]:
        try:
            self._executor = self._executor or worker.executor()
            return self._executor.submit(function, *arguments)
        except DistillError:
            raise
        except Exception:  # broken: the worker died while it had nothing to do
            self._dismiss()
            self._executor = worker.executor()
            return self._executor.submit(function, *arguments)
        finally:
            ending.hear_of_exit()

    def _dismiss(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None and hasattr(executor, "_processes"):  # loky's; a cluster is not ours to end
            executor.shutdown(wait=False, kill_workers=True)

    def _look(self, job: Job | None) -> None:
        if not ending.wanted():  # the program ends: what it waits for must end too, and can be continued later
            store.request(job.path, "stop") if job else self._dismiss()
        elif job is not None:
            job.look()
            with self._changed:
                if job.status == "paused" and not job.parked and any(each.status == "queued" for each in self._jobs):
                    job.parked = True
                    store.request(job.path, "stop")


def submit(config: Configuration, anew: bool = False) -> Job:
    """Trains `config` in the worker and returns at once; joins an equal job, continues a run that was cut short.

    With `anew` a run that was trained, or cut short, is trained again from its first step; the old one can be read
    until the first snapshot of the new one takes its place. An equal job that waits or runs is joined all the same.

    Raises:
        DistillError: where the store's folder cannot be written.
    """
    return queue().submit(config, anew)


@cache
def queue() -> Queue:
    """The queue of this process, made when it is first needed."""
    return Queue()
