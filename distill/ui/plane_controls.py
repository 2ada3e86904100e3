"""The controls of the Information-plane page: which run, beside which others, in which units, by which estimator."""

import html
import json
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from distill import store
from distill.config import CHOICES, Choice, SweepConfig
from distill.measures.estimators import ESTIMATORS, MOST_LATENTS
from distill.ui import settings
from distill.ui.looking import run_picker
from distill.ui.naming import differences
from distill.ui.opening import aside, home_link
from distill.ui.state import MOST_OVERLAYS, State

SHORT = {"infonce": "InfoNCE", "ksg": "KSG"}
OWN = {"closed form": "closed form", "symbols": "probabilities", "p(x, y)": "known p(x, y)"}


def controls(state: State, run: store.Run, there: Sequence[store.Run]) -> State:
    """The run, the part of the page, what is drawn beside it, and how; `state` with what they now say."""
    with aside():
        picked = run_picker(run, there, "plane")
        part = st.segmented_control(
            "Part", ["", "claims"], default=state.part, key=f"plane-part-{state.part}",
            format_func=lambda name: "VIB’s claims" if name else "Plane", label_visibility="collapsed",
        )  # fmt: skip
        seen = replace(state, run=picked, part=state.part if part is None else part)
        if not state.part:
            seen = _comparison(seen, run, there)
            seen = _view_menu(seen)
        settings.link_menu()
    if picked != run.id:  # another run: its own estimator's plane, without what belonged beside the old one
        seen = replace(seen, overlay="", estimator="")
    return seen if state.part else _estimator(seen, state, run)


def _comparison(state: State, run: store.Run, there: Sequence[store.Run]) -> State:
    """Which other runs of the same data and label are drawn beside this one."""
    others = [each for each in there if each.id != run.id and same_task(each.config, run.config)]
    names = {each.id: name_beside(each, run) for each in others}
    with st.popover("Compare"):
        if not others:
            st.caption("Train another objective, K or seed on the same data and label; it can then be drawn here.")
            home_link("Go to Explore", state)
            return state
        asked = [each for each in state.overlay.split(",") if each]
        known = [each for each in asked if each in names]
        picked = st.multiselect(
            "End curves of other runs", list(names), known, format_func=names.get, max_selections=MOST_OVERLAYS,
            key=f"plane-overlay-{run.id}-{state.overlay}", width=320,
        )  # fmt: skip
        st.caption("The same data set and label. A ring is the β nearest to the slider’s.")
    # what the link asks for and is not here is said where the curves are drawn
    return state if picked == known else replace(state, overlay=",".join(picked))


def name_beside(other: store.Run, run: store.Run) -> str:
    """What another run is called beside this one: its objective, and what else differs."""
    return ", ".join((str(other.attrs["objective_title"]), *differences(other.config, run.config)))


def same_task(one: SweepConfig, other: SweepConfig) -> bool:
    return (one.dataset, one.dataset_options, one.label) == (other.dataset, other.dataset_options, other.label)


def _view_menu(state: State) -> State:
    default = Choice()
    with st.popover("View"):
        scale = st.segmented_control(
            "Axes", CHOICES["scale"], default=state.scale or default.scale, key=f"plane-scale-{state.scale}",
            format_func=lambda name: "bits" if name == "bits" else "shares of H(X), H(Y)",
        )  # fmt: skip
        split = st.segmented_control(
            "Dots are", ["test", "train"], default=state.split or default.split, key=f"plane-split-{state.split}",
            format_func=lambda name: f"{name} items",
        )  # fmt: skip
    said = {"scale": scale or default.scale, "split": split or default.split}
    return replace(state, **{name: "" if value == getattr(default, name) else value for name, value in said.items()})


def _estimator(seen: State, state: State, run: store.Run) -> State:
    """How the information is estimated, and what is to be minded where it is not the run's own mixture."""
    own, called = Choice().estimator, {Choice().estimator: _own(run)} | SHORT
    # what measures neighbours in few dimensions is offered where the code has few, or where the address asks for it
    few = run.config.latent_dim <= MOST_LATENTS or state.estimator == "ksg"
    names = [each for each in CHOICES["estimator"] if few or each != "ksg"]
    with st.container(horizontal=True, vertical_alignment="center", key="plane-measured"):
        st.html('<p class="soft">Estimated by</p>', width="content")
        name = st.segmented_control(
            "Estimator", names, format_func=lambda name: called.get(name, name), label_visibility="collapsed",
            key=settings.told(f"plane-estimator-{run.id}", state.estimator or own),
        )  # fmt: skip
        if state.estimator:
            st.html(f'<p class="soft">{html.escape(ESTIMATORS[state.estimator].caution)}</p>', width="stretch")
    if seen.run != state.run:
        return seen
    return replace(seen, estimator="" if name in (None, own) else name)


def _own(run: store.Run) -> str:
    """What the run itself measured I(X;Z) by, in a word or two."""
    said = json.loads(run.attrs.get("estimators", "{}")).get("information_x", "")
    return next((short for words, short in OWN.items() if words in said), "mixture")
