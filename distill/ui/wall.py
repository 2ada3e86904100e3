"""The Shannon wall page: what coders really write of one source, what knowing more costs, and what losing buys."""

import importlib
from dataclasses import replace
from types import ModuleType

import streamlit as st

from distill import jobs, store
from distill.ui import looking, settings, wall_running
from distill.ui.opening import ASSETS, aside, guarded
from distill.ui.progress import progress
from distill.ui.state import State, current, remember

PARTS = {
    "": "Bits per item",
    "knowledge": "Knowledge",
    "semantic": "Semantic codec",
    "retrieval": "Ask again",
}
MODULES = {"": "bits"}  # of the part's file, where it is not the part's own name
OF_SOURCES = ("", "knowledge")  # the parts about a run of the wall; the others look at a sweep over β
SWEEPS = looking.Told("wall_sweeps", lambda state: (state.run, state.part))  # of the parts that look at a sweep


def question_and_hint() -> tuple[str, str]:
    """The question of the part that the address names, and what to try."""
    shown = _module(looking.part_of(current(), [*PARTS]))
    return shown.QUESTION, shown.HINT


@guarded()
def page(state: State) -> None:
    """The whole page."""
    st.html(ASSETS / "wall.css")
    state = replace(state, part=looking.part_of(state, [*PARTS]))
    if state.part in OF_SOURCES:
        wall_running.page(state, _parts, _module(state.part).scene)
    else:
        _sweep(state)


def _parts(state: State) -> None:
    """The row of parts; another one goes into the address."""
    part = st.segmented_control(
        "Part", list(PARTS), default=state.part, format_func=PARTS.get, key=f"wall-part-{state.part}",
        label_visibility="collapsed",
    )  # fmt: skip
    if part is not None and part != state.part:
        remember(replace(current(), part=part))
        st.rerun()


def _sweep(state: State) -> None:
    """The parts that send the codes of a sweep: which run, and the part."""
    SWEEPS.heed(state)
    there = looking.sweeps()
    run = looking.looked_at(state, there)
    with aside():
        picked = looking.run_picker(run, there, "wall") if run else ""
        _parts(state)
        settings.link_menu()
    if run is None:
        return
    if picked != run.id:
        remember(looking.turned_to(current(), picked, run))
        st.rerun()
    going, pace = looking.going(run)
    st.fragment(_scene, run_every=pace)(run, replace(state, run=run.id), going)


@guarded()
def _scene(run: store.Run, state: State, going: str) -> None:
    """The part; drawn again when a slider is let go, and at every tick while something goes on with the run."""
    if looking.going(run)[0] != going:
        st.rerun(scope="app")
    if going:
        progress(jobs.queue().find(run.id), "wall")
    _module(state.part).scene(looking.followed(run.path), state, run.path)


def _module(part: str) -> ModuleType:
    return importlib.import_module(f"distill.ui.wall_{MODULES.get(part, part)}")
