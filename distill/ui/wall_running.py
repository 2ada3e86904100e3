"""One run of the wall on its page: what it is asked to do, its training, and following it as it grows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import streamlit as st
import xarray as xr

from distill import jobs
from distill.errors import DistillError
from distill.figures._wall import counts
from distill.handle import ALIVE
from distill.ui import following, looking, settings, wall_file, wall_settings
from distill.ui.envelope import Stage, pack
from distill.ui.opening import aside, guarded, say
from distill.ui.progress import progress
from distill.ui.stage import stage
from distill.ui.state import State, current, remember
from distill.wall_config import WallConfig

Scene = Callable[[xr.Dataset, State, Path], None]
LIVE = 1.0  # seconds between two looks while something is trained
DRAFT = "_wall_draft"
TOLD = looking.Told("wall", lambda state: (state.wall, state.part), sliders=("at",))


def page(state: State, parts: Callable[[State], None], scene: Scene) -> None:
    """The controls in the row beside the question, and the part `scene` of the run that they say."""
    state = TOLD.own(state, "compressed")
    TOLD.heed(state)
    config, sentence = _drafted(state)
    with aside():
        changed = wall_settings.controls(config)
        _train_button(changed)
        parts(state)
        settings.link_menu()
    if sentence:
        say(sentence)
    if changed != config:
        _move_to(changed)
        return
    st.session_state[DRAFT] = config
    st.fragment(_shown, run_every=LIVE if following.going(config) else None)(config, scene, following.standing(config))


def _drafted(state: State) -> tuple[WallConfig, str]:
    """What the controls begin with: the address's run, else what was last chosen here, else the example."""
    draft: WallConfig = st.session_state.get(DRAFT) or WallConfig()
    if not state.wall or state.wall == draft.id:
        return draft, ""
    try:
        return following.config_of(state.wall, WallConfig, "measures no coders of a source"), ""
    except DistillError as error:
        remember(replace(state, wall="", at=None))
        return draft, f"{error}. Another run is shown instead."


def _move_to(config: WallConfig) -> None:
    """Other settings: show their run, where there is one."""
    st.session_state[DRAFT] = config
    there = following.path_of(config) or following.job_of(config)
    remember(replace(current(), wall=config.id if there else "", at=None))
    st.rerun()


def _train_button(config: WallConfig) -> None:
    """Measure and train, or pause and stop what is going on."""
    if following.train_button([config], "Measure and train", what_it_does(config), "wall"):
        with guarded():
            jobs.submit(config, anew=following.finished(config))
            remember(replace(current(), wall=config.id, at=None))
            st.rerun()


def what_it_does(config: WallConfig) -> str:
    """What the button begins, in a sentence."""
    writes = "Every coder writes its file, which is read back and compared"
    if wall_file.too_short(config.source, config.source_options):
        return f"{writes}. {wall_file.TOO_SHORT}"
    return f"{writes}; then a small network learns the source for {config.steps:,} steps and writes its own."


@guarded()
def _shown(config: WallConfig, scene: Scene, standing: tuple[str, bool]) -> None:
    """Progress, sentences and the part; drawn again at every tick, and when a slider is let go."""
    if following.standing(config) != standing:
        st.rerun(scope="app")
    path = following.path_of(config)
    run = looking.newest(path) if path else None
    progress(following.job_of(config), "wall")
    # always the same containers, so that the stage stays the same element and nothing jumps
    with st.container(key="wall-said", gap=None):
        _said(config, run)
    with st.container(key="wall-scene"):
        if run is not None and path is not None:
            scene(run, replace(current(), wall=config.id), path)


def _said(config: WallConfig, run: xr.Dataset | None) -> None:
    """What is lacking, in sentences."""
    job, elsewhere = following.job_of(config), following.elsewhere(config)
    alive = job is not None and job.status in ALIVE
    if elsewhere:
        say("Another process is training this run; it is followed here.")
    if run is None:
        on_its_way = alive or elsewhere
        say(
            "The first numbers are on their way."
            if on_its_way
            else f"Nothing has been measured of this source yet. Press “Measure and train”. {what_it_does(config)}"
        )
    elif where := following.cut_short(config):
        say(f"This run was cut short {where}. Press “Measure and train” to go on from there.")


def version(run: xr.Dataset) -> tuple[object, ...]:
    """What is another one when the run was measured further, the network's own bytes included."""
    return (*looking.version(run), run.attrs.get("extended"), int(run.bytes.notnull().sum()))


def mounted(run: xr.Dataset, state: State, key: str, build: Callable[[xr.Dataset], Stage]) -> None:
    """Mounts the stage that `build` makes, at the number of items of the address; writes there where it is let go.

    The packed stage is kept until the run grows: where the slider stands changes nothing.
    """
    packed = looking.once(f"_{key}_packed", version(run), lambda: pack(build(run)))
    sent = counts(run)
    place = len(sent) - 1 if state.at is None else int(abs(sent - state.at).argmin())
    at = stage(replace(packed, revision=TOLD.moves, index=place), key=key)
    told = replace(
        current(), wall=str(run.attrs["id"]), at=None if at.index == len(sent) - 1 else float(sent[at.index])
    )
    TOLD.write(told)
    remember(told)
