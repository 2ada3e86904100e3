"""The Information-plane page: one run, large; others beside it, other estimators of it, and VIB's own claims."""

from dataclasses import replace
from pathlib import Path

import streamlit as st
import xarray as xr

from distill import store
from distill.config import Choice, SweepConfig
from distill.errors import DistillError
from distill.figures._shares import sharable
from distill.figures.estimating import redrawn
from distill.figures.overlay import Curve, end_curve
from distill.measures.seeds import averaged
from distill.ui import looking
from distill.ui.claims import claims_stage, has_claims
from distill.ui.envelope import Stage
from distill.ui.opening import ASSETS, guarded, home_link, say
from distill.ui.plane_content import plane_stage
from distill.ui.plane_controls import controls, name_beside, same_task
from distill.ui.state import State, current, remember

KEY, CLAIMS_KEY = "plane-stage", "claims-stage"
TOLD = looking.Told("plane", lambda state: (state.run, state.part, state.estimator))
LOOK = ("run", "split", "scale", "estimator", "overlay", "part")  # what the controls of this page decide
QUESTIONS = {
    "": (
        "Where does each network stand, and how far from the best?",
        "Drag β to walk along the learned curve; the square marks all that is needed and nothing more.",
    ),
    "claims": (
        "Does a bottleneck make a network better, calibrated and robust?",
        "Drag β and compare with the dashed lines, the same network without a bottleneck.",
    ),
}


def question_and_hint() -> tuple[str, str]:
    """The page's question and what to try, for the part of it that the address names."""
    return QUESTIONS[looking.part_of(current(), [*QUESTIONS])]


@guarded()
def page(state: State) -> None:
    """The whole page."""
    st.html(ASSETS / "plane.css")
    state = replace(state, part=looking.part_of(state, [*QUESTIONS]))
    TOLD.heed(state)
    there = looking.sweeps()
    run = looking.looked_at(state, there)
    if run is None:
        return
    seen = controls(replace(state, run=run.id), run, there)
    if seen != replace(state, run=run.id):
        remember(replace(looking.turned_to(current(), seen.run, run), **{name: getattr(seen, name) for name in LOOK}))
        st.rerun()
    going, pace = looking.going(run)
    st.fragment(_claims if seen.part else _scene, run_every=pace)(run, seen, going)


@guarded()
def _scene(run: store.Run, state: State, going: str) -> None:
    """The stage; drawn again when a slider is let go, and at every tick while something goes on with the run."""
    if looking.going(run)[0] != going:
        st.rerun(scope="app")
    data, choice = looking.followed(run.path), _choice(state)
    curves = _curves(state, choice, run)
    if choice.scale == "shares" and not sharable(averaged(data)):
        say("A continuous Y has no finite entropy to have a share of: this plane is drawn in bits.")
    other, sentence = _other(data, state.estimator)
    if sentence:
        say(sentence)
        choice = replace(choice, estimator=Choice().estimator)

    def build(choice: Choice) -> Stage:
        return plane_stage(data, choice, [curve for _, curve in curves], other)

    looking.mounted(data, KEY, TOLD, build, choice, *(mark for mark, _ in curves))


@guarded()
def _claims(run: store.Run, state: State, going: str) -> None:
    """VIB's own claims of error, calibration and robustness, on this run and on the deterministic reference."""
    if looking.going(run)[0] != going:
        st.rerun(scope="app")
    data = looking.followed(run.path)
    if not has_claims(data):
        _without_claims(data, state)
        return
    reference = _reference(run)
    if reference is None and run.config.objective != "deterministic":
        say("No deterministic network has been trained on these data: train one on Explore to have it drawn beside.")

    def build(choice: Choice) -> Stage:
        beside = None if reference is None else store.open_run(reference.path).load()
        return claims_stage(data, choice, beside)

    looking.mounted(data, CLAIMS_KEY, TOLD, build, Choice(), reference and (reference.id, reference.stamp))


def _without_claims(run: xr.Dataset, state: State) -> None:
    """Why there are none, and what to do."""
    if "joint" in run or "covariance_xy" in run:
        say(
            "VIB’s claims are about errors on inputs that an attack can move a little. These items are drawn from a "
            "known distribution, whose values have nothing between them or no classes to err among: choose another run."
        )
        return
    say(
        "This run has no calibration and no attacks. They are computed after a training with the present version, "
        "where the label has classes: train the run again on the Explore page to test VIB’s claims on it."
    )
    home_link("Go to Explore", state)


def _reference(run: store.Run) -> store.Run | None:
    """The deterministic reference of the same task, where there is a finished one that was attacked too."""
    attacked = (each for each in looking.sweeps() if "attack_error" in each.variables)
    alike = (each for each in attacked if same_task(each.config, run.config))
    return next((each for each in alike if each.config.objective == "deterministic"), None)


def _choice(state: State) -> Choice:
    said = {name: getattr(state, name) for name in ("split", "scale", "estimator")}
    return Choice(**{name: value for name, value in said.items() if value})


def _curves(state: State, choice: Choice, run: store.Run) -> list[tuple[object, Curve]]:
    """End curves of the runs to compare with, each with what changes when it does.

    A run that is gone, or of another task, is said and left out.
    """
    found = []
    for each in filter(None, state.overlay.split(",")):
        try:
            other = store.summary(store.path_of(each))
            if not (isinstance(other.config, SweepConfig) and same_task(other.config, run.config)):
                raise DistillError(f"run '{each}' is of other data or another label, and no part of this plane.")
            name = name_beside(other, run)
            curve = _curve(str(other.path), other.stamp, choice.split, choice.scale, name)
            found.append(((each, other.stamp, name), curve))
        except DistillError as error:
            say(str(error))
    return found


@st.cache_data(show_spinner=False, max_entries=64)
def _curve(path: str, stamp: str, split: str, scale: str, name: str) -> Curve:
    """The end curve of the run at `path`; `stamp` tells it from one that lay there before."""
    return end_curve(store.open_run(Path(path)), Choice(split=split, scale=scale), name)


@st.cache_data(show_spinner="Estimating …", max_entries=32)
def _estimated(path: str, stamp: str, last: int, name: str) -> xr.Dataset:
    """The last step of the run at `path` by another estimator."""
    return redrawn(store.open_run(Path(path)).load(), name)


def _other(run: xr.Dataset, name: str) -> tuple[xr.Dataset | None, str]:
    """The last step by the estimator `name`, where it can measure these codes, and a sentence where it cannot."""
    if not name:
        return None, ""
    path = store.path_of(str(run.attrs["id"]))
    try:
        return _estimated(str(path), str(run.attrs.get("stamp")), int(run.step.values[-1]), name), ""
    except DistillError as error:
        return None, f"{error}. The mixture of this run is drawn instead."
