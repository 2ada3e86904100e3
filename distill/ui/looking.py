"""What the pages that look at one trained sweep share: which run, at which β and step, and the address that says so."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import streamlit as st
import xarray as xr

from distill import jobs, objectives, store
from distill.config import Choice, SweepConfig
from distill.errors import DistillError
from distill.figures._animation import chosen
from distill.handle import ALIVE
from distill.ui.envelope import Stage, pack
from distill.ui.naming import run_names
from distill.ui.opening import home_link, say
from distill.ui.stage import Released, stage
from distill.ui.state import State, current, remember

T = TypeVar("T")
SOON, LIVE = 0.5, 2.0  # seconds between two looks, while a picture changes with each, and while something is added


def sweeps() -> list[store.Run]:
    """The sweeps that have been trained to their end, newest first."""
    return [run for run in store.list_runs() if isinstance(run.config, SweepConfig) and run.status == "done"]


def looked_at(state: State, there: Sequence[store.Run]) -> store.Run | None:
    """The run of the address; else that of its data set and objective; else an example.

    A run that is on its way is waited for. Says what was wrong with the address in a sentence; says what to do and
    gives None where there is no run at all.
    """
    job = jobs.queue().find(state.run) if state.run else None
    if job and job.status in ALIVE and not store.exists(job.path):
        st.fragment(_wait, run_every=SOON)(job)
        return None
    if job and job.status == "failed" and not store.exists(job.path):
        say(f"{job.message}. Another run is shown instead.", alert=True)
    elif state.run:
        try:
            found = store.summary(store.path_of(state.run))
            if isinstance(found.config, SweepConfig):
                return found
            say(f"run '{state.run}' is no sweep over β of this version. Another run is shown instead.")
        except DistillError as error:
            say(f"{error}. Another run is shown instead.")
    data, objective = state.data or "digits", state.objective or "vib"
    usual = SweepConfig(dataset=data, objective=objective, betas=objectives.load(objective).knob.grid).id
    for fits in (
        lambda run: run.id == usual,
        lambda run: (run.config.dataset, run.config.objective) == (data, objective),
        lambda run: run.config.dataset == data,
        lambda run: True,
    ):
        for run in filter(fits, there):
            return run
    say("Nothing has been trained yet. Train a run on the Explore page; it can then be looked at here.")
    home_link("Go to Explore", state)
    return None


def turned_to(state: State, picked: str, run: store.Run) -> State:
    """`state` at another run than `run`: at its last step, and at the same β where that means the same to both."""
    if picked == run.id:
        return state
    same = store.summary(store.path_of(picked)).attrs.get("knob") == run.attrs.get("knob")
    return replace(state, run=picked, step=None, beta=state.beta if same else None)


def _wait(job: jobs.Job) -> None:
    """Looks for the first snapshot of a training that has just been asked for."""
    if store.exists(job.path) or job.status not in ALIVE:
        st.rerun(scope="app")
    say("The first snapshot is on its way.")


def run_picker(run: store.Run, there: Sequence[store.Run], key: str) -> str:
    """The menu of runs; the id of the chosen one."""
    listed = there if run.id in {each.id for each in there} else [run, *there]
    ids, names = [each.id for each in listed], run_names(listed)
    return st.selectbox(
        "Run", ids, ids.index(run.id), format_func=names.get, key=f"{key}-run-{run.id}",
        label_visibility="collapsed", width=240,
    )  # fmt: skip


def is_live(run: store.Run) -> bool:
    """Whether the run is being trained."""
    return store.state(run.path) in ("running", "paused")


def going(run: store.Run) -> tuple[str, float | None]:
    """What goes on with a run, "training", "following" or "", and the seconds between two looks at it."""
    job = jobs.queue().find(run.id)
    if is_live(run) or (job and job.status in ALIVE):
        return "training", SOON
    return ("following", LIVE) if job and job.follow_up else ("", None)


def beyond(run: xr.Dataset, state: State, *names: str) -> list[str]:
    """A sentence for each of the fields `names`, item or dimension, whose number in the address the run does not have.

    The page then shows what it shows where the address says none.
    """
    there = {"item": ("stored items", run.sizes["point"]), "dimension": ("latent dimensions", run.sizes["latent"])}
    found = []
    for name in names:
        asked, (words, count) = getattr(state, name), there[name]
        if asked is not None and asked >= count:
            some = f"this run has {count} {words}, counted from 0 to {count - 1}"
            found.append(f"{name} = {asked} in the link is not there: {some}. The default is shown instead.")
    return found


def newest(path: Path) -> xr.Dataset | None:
    """The run at `path`, loaded, None where there is none; only what is new since the last look is read."""
    name = f"_follow-{path}"
    if name not in st.session_state:
        st.session_state[name] = store.follow(path)
    return st.session_state[name].refresh()


def followed(path: Path) -> xr.Dataset:
    """The run at `path`, loaded.

    Raises:
        DistillError: where it has been deleted.
    """
    run = newest(path)
    if run is None:
        raise DistillError(f"run '{path.name}' has been deleted")
    return run


def version(run: xr.Dataset) -> tuple[object, ...]:
    """What is another one when the run is another, was trained anew, has a further step, or was measured further."""
    return run.attrs["id"], run.attrs.get("stamp"), run.sizes["step"], len(run.data_vars)


def once(name: str, same: object, make: Callable[[], T]) -> T:
    """What `make` gives, made again when `same` is no longer what it was; a session keeps one of each name."""
    kept = st.session_state.get(name)
    if kept is None or kept[0] != same:
        kept = (same, make())
        st.session_state[name] = kept
    return kept[1]


def place(run: xr.Dataset, one_step: bool) -> dict[str, int | None]:
    """The β and the step that the address says, as indices; no step where a stage has none."""
    state = current()
    beta = state.beta_index(run.beta.values, default=chosen(run, Choice())[1])
    return {"beta": beta, "step": None if one_step else state.step_index(run.step.values)}


class Told:
    """What a page gave to the address last, so that Back, Forward and an edited address are told from its own writing.

    The sliders of a stage move when `moves` rises. `same` (state) is what must be unchanged for other values of the
    fields `sliders` to mean that they are to move.
    """

    def __init__(self, page: str, same: Callable[[State], object], sliders: Sequence[str] = ("beta", "step")) -> None:
        self._page, self._told, self._moves, self._same = page, f"_distill_{page}_told", f"_distill_{page}_moves", same
        self._sliders = attrgetter(*sliders)

    def own(self, state: State, *others: str) -> State:
        """`state` without the place `at` that one of the pages `others` told, and not this one: the links between pages
        carry it, but bits are no items.
        """
        mine, *theirs = (st.session_state.get(f"_distill_{page}_told") for page in (self._page, *others))
        if state.at is None or (mine and mine.at == state.at) or state.at not in [each.at for each in theirs if each]:
            return state
        found = replace(state, at=None)
        remember(found)
        return found

    def heed(self, state: State) -> None:
        """Notice an address whose sliders stand elsewhere than the page wrote."""
        told: State | None = st.session_state.get(self._told)
        if told and self._same(told) == self._same(state) and self._sliders(told) != self._sliders(state):
            st.session_state[self._moves] = self.moves + 1

    def write(self, state: State) -> None:
        """Remember what the page has given to the address."""
        st.session_state[self._told] = state

    @property
    def moves(self) -> int:
        """How often the address has moved the sliders."""
        return st.session_state.get(self._moves, 0)


KEPT = Told("kept", lambda state: (state.run, state.part))  # of the page Kept and discarded, whose parts share it


def mounted(
    run: xr.Dataset, key: str, told: Told, build: Callable[[Choice], Stage], choice: Choice, *differing: object
) -> tuple[Released, Choice]:
    """Mounts the stage that `build` makes, at the β and the step of the address; writes there where they are let go.

    The packed stage is kept until the run, the choice (but for β and step) or anything of `differing` changes: where
    the slider stands changes nothing. Returns what was let go, and the choice with its β and step.
    """
    plain = replace(choice, beta=None, step=None)
    packed = once(f"_{key}_packed", (*version(run), plain, *differing), lambda: pack(build(plain)))
    at = place(run, one_step=packed.steps == 1)
    step = packed.steps - 1 if at["step"] is None else at["step"]
    released = stage(replace(packed, revision=told.moves, index=at["beta"], step=step), key=key)
    last = packed.steps == 1 or released.step >= run.sizes["step"] - 1
    said = replace(
        current(),
        run=str(run.attrs["id"]),
        beta=float(run.beta.values[released.index]),
        step=current().step if packed.steps == 1 else None if last else int(run.step.values[released.step]),
    )
    told.write(said)
    remember(said)
    return released, replace(choice, beta=released.index, step=None if last else released.step)


def part_of(state: State, parts: Sequence[str]) -> str:
    """The part of a page that the address names, where the page has it; else its first."""
    return state.part if state.part in parts else ""
