"""Kept and discarded, part "inputs": where in the input the bits are, and what a classifier needs of one item."""

from dataclasses import replace
from pathlib import Path

import streamlit as st
import xarray as xr

from distill import jobs
from distill.config import Choice
from distill.errors import DistillError
from distill.figures._pictures import are_pictures
from distill.handle import Asked
from distill.ui import looking
from distill.ui.content import of_this_version
from distill.ui.kept_inputs_content import Needed, inputs_stage, lacking, name_of
from distill.ui.opening import home_link, say
from distill.ui.stage import Released
from distill.ui.state import State, current, remember

QUESTION = "Where in the input are the bits that the code keeps?"
HINT = "Drag β and watch which pixels, columns or words fade first."
KEY, MEAN, TICK = "kept-inputs-stage", "mean of the items", 0.5  # seconds between two looks at the worker
ATTRIBUTION = "distill.attribution:iba"
HELP = (
    "Information bottleneck attribution (Schulz et al. 2020): noise is let into the pixels as far as the decision "
    "allows. It shows what the classifier needs of this item at this β, and not what the code keeps of it."
)


def scene(run: xr.Dataset, state: State, path: Path) -> None:
    """The maps at the slider's β, and beside them on request what the classifier needs of one item.

    Raises:
        DistillError: for a run of another version.
    """
    run = of_this_version(run)
    sentence = lacking(run)
    if sentence:
        say(sentence)
    if "fisher_bits" not in run and "r_squared" not in run:
        home_link("Go to Explore", state)
        return
    above = st.container(horizontal=True, vertical_alignment="center", gap="small", key="kept-inputs-controls")
    item = _item(run)
    needed = _needed(path, run, item)
    answered = needed and (needed.item, needed.beta)
    released, choice = looking.mounted(
        run, KEY, looking.KEPT, lambda choice: inputs_stage(run, choice, item, needed), Choice(), item, answered
    )
    with above:
        _controls(run, path, item, choice.beta)
    now = _needed(path, run, item)
    if (now and (now.item, now.beta)) != answered:  # the slider was let go where another answer belongs
        st.rerun()
    pressed = clicked(released, KEY)
    if pressed is not None:
        choose(None if pressed == item else pressed)


def clicked(released: Released, key: str) -> int | None:
    """The item that was clicked since the last look, if any: a report that has been heard before is no click."""
    said, heard = (released.item, released.pinned), st.session_state.get(f"_{key}_heard")
    st.session_state[f"_{key}_heard"] = said
    return released.item if heard is not None and said != heard and released.item is not None else None


def choose(item: int | None) -> None:
    """Another item becomes the one of the address; what shows it is drawn again."""
    remember(replace(current(), item=item))
    st.rerun()


def _item(run: xr.Dataset) -> int | None:
    """The item of the address, where it has maps of its own."""
    item = current().item
    return item if "shown" in run.coords and item in run.shown.values else None


def _controls(run: xr.Dataset, path: Path, item: int | None, beta: int) -> None:
    """Whose bits are mapped, and the button for what the classifier needs of it."""
    if "fisher_bits_of" not in run or "text" in run:
        return
    options = [None, *(int(each) for each in run.shown.values)]
    picked = st.selectbox(
        "Whose bits", options, options.index(item), key=f"kept-inputs-item-{item}", width=240,
        format_func=lambda each: _average(run) if each is None else name_of(run, each), label_visibility="collapsed",
    )  # fmt: skip
    if picked != item:
        choose(picked)
    if item is None or not are_pictures(run):
        return
    asked = _all_asked(path, run).get((item, beta))
    if asked is not None and not asked.done:
        st.fragment(_waiting, run_every=TICK)(asked)
    elif asked is not None and _failure(asked):
        say(_failure(asked))
    elif asked is None and st.button("What the classifier needs", help=HELP, key="kept-inputs-need"):
        _all_asked(path, run)[item, beta] = jobs.queue().ask(path, ATTRIBUTION, item, beta)
        st.rerun()


def _average(run: xr.Dataset) -> str:
    return str(run.fisher_bits.attrs.get("long_name", MEAN)).removeprefix("bits, ")


def _waiting(asked: Asked) -> None:
    """Looks for the answer until it is there; then the page is drawn with it."""
    if asked.done:
        st.rerun(scope="app")
    st.html('<p class="soft" role="status">Computing what the classifier needs …</p>')


def _all_asked(path: Path, run: xr.Dataset) -> dict[tuple[int, int], Asked]:
    """(item, β number) → what the worker was asked of this run in this session."""
    return st.session_state.setdefault(f"_kept_iba-{path}-{run.attrs.get('stamp')}", {})


def _failure(asked: Asked) -> str:
    try:
        asked.result(0)
    except DistillError as error:
        return str(error)
    return ""


def _needed(path: Path, run: xr.Dataset, item: int | None) -> Needed | None:
    """What was found of this item: at the β of the slider if that was asked for, else at the one asked for last."""
    mine = [(key, each) for key, each in _all_asked(path, run).items() if key[0] == item and each.done]
    done = {key: each.result(0) for key, each in mine if not _failure(each)}
    if not done:
        return None
    here = (item, looking.place(run, one_step=True)["beta"])
    found = here if here in done else list(done)[-1]
    return Needed(*found, tuple(done[found]))
