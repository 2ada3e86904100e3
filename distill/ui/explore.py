"""The Explore page: choose what to train, train it, and squeeze it with one slider."""

from dataclasses import replace

import streamlit as st
import xarray as xr

from distill import jobs, objectives, store
from distill.config import Choice, SweepConfig
from distill.errors import DistillError, InvalidValue
from distill.figures._animation import chosen
from distill.handle import ALIVE
from distill.jobs import Job
from distill.kinds import read
from distill.ui import content, looking, matters, settings
from distill.ui.envelope import Packed, pack
from distill.ui.naming import page_of
from distill.ui.opening import aside, guarded, say
from distill.ui.progress import progress
from distill.ui.stage import Released, part, stage
from distill.ui.state import State, current, remember

LIVE, AFTERWARDS = 0.5, 2.0  # seconds between two looks while it trains, and while probes and maps are computed
KEY, DRAFT = "explore-stage", "_distill_draft"
TOLD = looking.Told("explore", lambda state: state.run)


@guarded()
def page(state: State) -> None:
    """The whole page."""
    TOLD.heed(state)
    config, sentence = _drafted(state)
    with aside():
        changed = settings.controls(config)
        job = _train_button(changed)
        matters.menu(changed)
        seen = settings.view_menu(changed, state)
        settings.link_menu()
    if sentence:
        say(sentence)
    if changed != config:
        _move_to(changed, config)
    elif seen != state:
        remember(replace(current(), colour=seen.colour, map=seen.map, split=seen.split))
        st.rerun()
    else:
        st.session_state[DRAFT] = config
        _show(config, job, _choice(config, seen))


def _choice(config: SweepConfig, state: State) -> Choice:
    """What the address says of the look; a colour that the data set does not have is the label."""
    said = {"colour": state.colour, "map": state.map, "split": state.split}
    if state.colour not in settings.factors(config):
        said.pop("colour")
    return Choice(**{name: value for name, value in said.items() if value})


def _drafted(state: State) -> tuple[SweepConfig, str]:
    """What the controls begin with, and a sentence where the address asks for a run that is not there.

    A run in the address decides; else what was last chosen here; else the defaults of the data set and objective.
    """
    draft: SweepConfig | None = st.session_state.get(DRAFT)
    job = jobs.queue().find(state.run) if state.run else None
    if job and isinstance(job.config, SweepConfig):  # there may be no snapshot of it yet
        return job.config, ""
    if state.run and not (draft and draft.id == state.run):
        try:
            return _sweep(state.run), ""
        except (DistillError, KeyError, ValueError, TypeError) as error:
            known = isinstance(error, DistillError)
            said = str(error) if known else f"run '{state.run}' is of another version of Distill"
            remember(replace(state, run=""))
            return draft or _default(replace(state, data="", objective="")), f"{said}. An example is shown instead."
    if draft and state.data in ("", draft.dataset) and state.objective in ("", draft.objective):
        return draft, ""
    return _default(state), ""


def _sweep(run: str) -> SweepConfig:
    """What a run was asked to do; raises DistillError where it is not there, or no sweep."""
    config = read(str(store.summary(store.path_of(run)).attrs["config"]))
    if not isinstance(config, SweepConfig):
        raise InvalidValue(f"run '{run}' is no sweep over β; it opens on the page {page_of(config).title}")
    return config


def _default(state: State) -> SweepConfig:
    return settings.beginning(state.data or "digits", state.objective or "vib")


def _move_to(config: SweepConfig, before: SweepConfig) -> None:
    """Other settings: show their run, where there is one; from the same β, where it is on the same scale."""
    st.session_state[DRAFT] = config
    there = _path(config) is not None or jobs.queue().find(config.id) is not None
    named = replace(current(), run=config.id if there else "", data=config.dataset, objective=config.objective)
    remember(replace(named, step=None, beta=named.beta if _scale(config) == _scale(before) else None))
    st.rerun()


def _scale(config: SweepConfig) -> tuple[str, float, float]:
    """What the slider turns, and from where to where."""
    knob = objectives.load(config.objective, **config.objective_options).knob
    return knob.symbol, config.betas[0], config.betas[-1]


def _path(config: SweepConfig) -> store.Path | None:
    """The run of these settings, of this machine or an example."""
    try:
        path = store.path_of(config.id)
    except DistillError:
        return None
    return path if store.exists(path) else None


def _train_button(config: SweepConfig) -> Job | None:
    """Train, or pause and stop; the job of these settings."""
    job = jobs.queue().find(config.id)
    if job and job.status in ALIVE:
        word, act = ("Resume", job.resume) if job.status == "paused" else ("Pause", job.pause)
        # Stop is not the one that appears under the pointer that has just pressed Train
        st.button("Stop", on_click=job.stop, key="explore-stop", help="What was measured up to here stays.")
        st.button(word, on_click=act, key="explore-pause")
        return job
    models = len(config.betas)
    if _elsewhere(config):
        st.button("Train", disabled=True, key="explore-elsewhere", help="Another process is training this run.")
    elif st.button(
        f"Train {models} {_values(config)}" if models > 1 else "Train",
        type="primary",
        key="explore-train",
        help=_what_it_does(config),
    ):
        with guarded():
            job = _start(config)
            remember(replace(current(), run=config.id, data=config.dataset, objective=config.objective, step=None))
            st.rerun()
    return job


def _values(config: SweepConfig) -> str:
    """What the objective's knob has many of: βs, γs; a letter of the alphabet makes no plural."""
    symbol = objectives.load(config.objective, **config.objective_options).knob.symbol
    return "values" if symbol.isascii() else f"{symbol}s"


def _what_it_does(config: SweepConfig) -> str:
    count = len(config.betas) * config.seeds
    models = f"All {count} networks are" if count > 1 else "One network is"
    return f"{models} trained for {config.epochs} epochs; the same settings give the same run."


def _start(config: SweepConfig) -> Job:
    """Train anew where the run is complete (it stays until the first new snapshot), else go on with it."""
    mine = store.place_of(config)
    return jobs.submit(config, anew=store.exists(mine) and store.summary(mine).complete)


def _elsewhere(config: SweepConfig) -> bool:
    """Whether a process other than this server's worker trains the run now."""
    job, mine = jobs.queue().find(config.id), store.place_of(config)
    if job and (job.status in ALIVE or job.follow_up):
        return False
    return store.exists(mine) and store.state(mine) in ("running", "paused")


def _show(config: SweepConfig, job: Job | None, choice: Choice) -> None:
    live = _elsewhere(config) or (job is not None and job.status in ("queued", "running"))
    slow = job is not None and (job.status == "paused" or bool(job.follow_up))
    st.fragment(_scene, run_every=LIVE if live else AFTERWARDS if slow else None)(config, choice, _going(config, job))


def _going(config: SweepConfig, job: Job | None) -> tuple[str, bool, bool]:
    """What the buttons and the pace of the stage depend on."""
    return (job.status, bool(job.follow_up), False) if job else ("", False, _elsewhere(config))


@guarded()
def _scene(config: SweepConfig, choice: Choice, going: tuple[str, bool, bool]) -> None:
    """Progress and the stage; drawn again at every tick, and when a slider is let go."""
    job = jobs.queue().find(config.id)
    if _going(config, job) != going:
        st.rerun(scope="app")
    progress(job, "explore")
    path = _path(config)
    run = looking.newest(path) if path else None
    if run is None:
        _nothing_yet(config, job)
        return
    if going[2]:
        say(f"Another process is training this run, {_where(run)}; it is followed here.")
    elif job is None and not store.summary(path).complete:
        say(f"This run was cut short {_where(run)}. Press Train to go on from there.")
    _stage(run, choice, finished=not (going[2] or (job and job.status in ALIVE)))


def _nothing_yet(config: SweepConfig, job: Job | None) -> None:
    if job and job.status in ("queued", "running"):
        say("The first snapshot is on its way.")
    else:
        say(f"Nothing has been trained with these settings yet. Press Train. {_what_it_does(config)}")


def _where(run: xr.Dataset) -> str:
    return f"at step {int(run.step.values[-1])} of {int(run.attrs['steps'])}"


def _stage(run: xr.Dataset, choice: Choice, finished: bool) -> None:
    state = current()
    if choice.map == "umap" and "map_umap" not in run:
        choice = replace(choice, map="auto")
    choice = replace(
        choice,
        beta=state.beta_index(run.beta.values, default=chosen(run, Choice())[1]),
        step=state.step_index(run.step.values),
    )
    there = {"revision": TOLD.moves, "index": choice.beta, "step": choice.step}
    packed = replace(_packed(run, choice, finished), **there)
    at = stage(packed, key=KEY)
    for step in at.wanted:
        part(content.step_part(run, replace(choice, step=step), step), key=KEY)
    pictures = content.item_part(run, at.item) if at.item is not None else None
    if pictures is not None:
        part(pictures, key=KEY)
    _remember(run, at, finished)


def _packed(run: xr.Dataset, choice: Choice, finished: bool) -> Packed:
    """The packed stage, kept until the run or the choice of views changes: where the slider stands changes nothing."""
    views = (choice.split, choice.colour, choice.map)
    same = (*looking.version(run), views, finished)
    return looking.once("_packed", same, lambda: pack(content.explore_stage(run, choice, finished)))


def _remember(run: xr.Dataset, at: Released, finished: bool) -> None:
    """The place of the sliders goes into the address; the last step is not said, so that a link follows a training."""
    step = None if at.step >= run.sizes["step"] - 1 or not finished else int(run.step.values[at.step])
    beta = float(run.beta.values[at.index])
    state = replace(current(), run=str(run.attrs["id"]), beta=beta, step=step)
    TOLD.write(state)
    remember(state)
