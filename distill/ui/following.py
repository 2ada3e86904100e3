"""A run that a page asks for by its configuration: where it lies, its training, and how far it has come."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import streamlit as st

from distill import jobs, store
from distill.config import Configuration
from distill.errors import DistillError
from distill.handle import ALIVE
from distill.jobs import Job
from distill.kinds import read
from distill.ui.naming import page_of

C = TypeVar("C", bound=Configuration)


def config_of(run: str, kind: type[C], words: str) -> C:
    """What the run in the address was asked to do; `words` say what a run of another kind is not ("is no …").

    Raises:
        DistillError: where it is not there, of another version, or of another kind.
    """
    job = jobs.queue().find(run)
    if job is not None and isinstance(job.config, kind):
        return job.config
    try:
        config = read(str(store.summary(store.path_of(run)).attrs["config"]))
    except (KeyError, ValueError, TypeError) as error:
        if isinstance(error, DistillError):
            raise
        raise DistillError(f"run '{run}' is of another version of Distill") from None
    if not isinstance(config, kind):
        raise DistillError(f"run '{run}' {words}; it opens on the page {page_of(config).title}")
    return config


def path_of(config: Configuration) -> Path | None:
    """The run of these settings, of this machine or an example; None where there is none."""
    try:
        path = store.path_of(config.id)
    except DistillError:
        return None
    return path if store.exists(path) else None


def job_of(config: Configuration) -> Job | None:
    """Its training by this server's worker, if there is or was one."""
    return jobs.queue().find(config.id)


def finished(config: Configuration) -> bool:
    """Whether the run was made to its end here; an example was not made here."""
    mine = store.place_of(config)
    return store.exists(mine) and store.summary(mine).complete


def elsewhere(config: Configuration) -> bool:
    """Whether a process other than this server's worker trains the run now."""
    job, mine = job_of(config), store.place_of(config)
    if job and job.status in ALIVE:
        return False
    return store.exists(mine) and store.state(mine) in ("running", "paused")


def going(config: Configuration) -> bool:
    """Whether there will be more of it by itself, soon."""
    job = job_of(config)
    return elsewhere(config) or (job is not None and job.status in ("queued", "running"))


def awaited(config: Configuration) -> bool:
    """Whether there will be more of it, be it that somebody must press Resume first."""
    job = job_of(config)
    return elsewhere(config) or (job is not None and job.status in ALIVE)


def standing(config: Configuration) -> tuple[str, bool]:
    """What the buttons and the pace of a page depend on."""
    job = job_of(config)
    return (job.status if job else "", elsewhere(config))


def cut_short(config: Configuration) -> str:
    """Where a run was left before its end, in words; "" where it is complete, goes on, or says so itself."""
    path, job = path_of(config), job_of(config)
    if path is None or awaited(config) or (job and job.message):
        return ""
    at = store.summary(path)
    return "" if at.complete else f"at step {at.last_step:,} of {at.steps:,}"


def train_button(configs: Sequence[Configuration], words: str, help: str, key: str) -> bool:
    """The button that trains, or pause and stop of what is going on; whether it was pressed."""
    alive = [job for config in configs if (job := job_of(config)) and job.status in ALIVE]
    if any(store.requested(job.path) == "stop" for job in alive):
        st.button("Stopping…", disabled=True, key=f"{key}-stopping", help="At the end of the present step.")
        return False
    if alive:
        # Stop is not the one that appears under the pointer that has just pressed Train
        st.button("Stop", on_click=_each, args=(alive, Job.stop), key=f"{key}-stop", help="What was measured stays.")
        resting = all(job.status == "paused" for job in alive)
        act = Job.resume if resting else Job.pause
        st.button("Resume" if resting else "Pause", on_click=_each, args=(alive, act), key=f"{key}-pause")
        return False
    if any(map(elsewhere, configs)):
        there = "Another process is training this run." if len(configs) == 1 else "Another process trains one of these."
        st.button(words, disabled=True, key=f"{key}-elsewhere", help=there)
        return False
    return st.button(words, type="primary", key=f"{key}-train", help=help)


def _each(alive: Sequence[Job], act: Callable[[Job], None]) -> None:
    for job in alive:
        act(job)
