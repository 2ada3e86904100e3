"""The page Kept and discarded: what a code keeps of factors, inputs, items and classes, part by part."""

import importlib
from dataclasses import replace
from types import ModuleType

import streamlit as st

from distill import jobs, store
from distill.ui import looking, matters, settings
from distill.ui.opening import aside, guarded
from distill.ui.progress import progress
from distill.ui.state import State, current, remember

PARTS = {"": "Factors", "inputs": "Inputs", "items": "Items", "quality": "Quality", "classes": "Classes"}
MODULES = {"": "retention"}  # of the part's file, where it is not the part's own name


def question_and_hint() -> tuple[str, str]:
    """The question of the part that the address names, and what to try."""
    shown = _module(looking.part_of(current(), [*PARTS]))
    return shown.QUESTION, shown.HINT


@guarded()
def page(state: State) -> None:
    """The whole page."""
    state = replace(state, part=looking.part_of(state, [*PARTS]))
    looking.KEPT.heed(state)
    there = looking.sweeps()
    run = looking.looked_at(state, there)
    if run is None:
        return
    with aside():
        picked = looking.run_picker(run, there, "kept")
        part = st.segmented_control(
            "Part", list(PARTS), default=state.part, format_func=PARTS.get, key=f"kept-part-{state.part}",
            label_visibility="collapsed",
        )  # fmt: skip
        if run.config is not None:
            matters.menu(run.config)
        settings.link_menu()
    seen = replace(state, run=picked, part=state.part if part is None else part)
    if seen != replace(state, run=run.id):
        remember(replace(looking.turned_to(current(), picked, run), part=seen.part))
        st.rerun()
    going, pace = looking.going(run)
    st.fragment(_scene, run_every=pace)(run, seen, going)


@guarded()
def _scene(run: store.Run, state: State, going: str) -> None:
    """The part; drawn again when a slider is let go, and at every tick while something goes on with the run."""
    if looking.going(run)[0] != going:
        st.rerun(scope="app")
    if going:
        progress(jobs.queue().find(run.id), "kept")
    _module(state.part).scene(looking.followed(run.path), state, run.path)


def _module(part: str) -> ModuleType:
    return importlib.import_module(f"distill.ui.kept_{MODULES.get(part, part)}")
