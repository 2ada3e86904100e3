"""The Latent-space page: how the codes lie, in two or three dimensions, and what moves when they are squeezed."""

from dataclasses import replace

import numpy as np
import streamlit as st
import xarray as xr

from distill import jobs, store
from distill.config import Choice
from distill.figures._colouring import colourings
from distill.measures.codes import sampled_codes
from distill.projection import principal
from distill.ui import looking, settings
from distill.ui.latent_chosen import panel
from distill.ui.latent_content import Look, latent_stage, traversed
from distill.ui.opening import ASSETS, aside, guarded, say
from distill.ui.state import State, current, remember

QUESTION = "How do the codes lie, and what moves when you squeeze?"
HINT = "Draw around a group with Box or Lasso, then drag β and watch where its items go."
KEY = "latent-stage"
TOLD = looking.Told("latent", lambda state: (state.run, state.dims))
LOOK = ("run", "colour", "map", "dims", "dimension")  # what the controls of this page decide
MAPS = {"auto": "UMAP", "pca": "PCA"}
ASKED, SOLID, HEARD = "_latent_asked", "_latent_solid", "_latent_heard"
WORK = "distill.finishing:map_3d"
POLL = 1.0  # seconds between two looks at whether the worker has answered


@guarded()
def page(state: State) -> None:
    """The whole page."""
    st.html(ASSETS / "latent.css")
    TOLD.heed(state)
    there = looking.sweeps()
    run = looking.looked_at(state, there)
    if run is None:
        return
    data, waits = looking.followed(run.path), _waited_for(run) is not None
    state = _allowed(replace(state, run=run.id), data)
    seen = _controls(state, run, data, there)
    if seen != state:
        said = {name: getattr(seen, name) for name in LOOK}
        if seen.run != run.id:  # what belonged to the old one alone
            said |= {"item": None, "dimension": None, "colour": ""}
        remember(replace(looking.turned_to(current(), seen.run, run), **said))
        st.rerun()
    going, pace = looking.going(run)
    pace = min(filter(None, (pace, POLL if waits else None)), default=None)
    st.fragment(_scene, run_every=pace)(run, seen, going, waits)


@guarded()
def _scene(run: store.Run, state: State, going: str, waits: bool) -> None:
    """The stage and what is chosen on it; drawn again when a slider is let go, and at every tick while it changes."""
    if looking.going(run)[0] != going or (waits and _waited_for(run) is None):
        st.rerun(scope="app")
    data = looking.followed(run.path)
    _heed_clicks(data)
    state = replace(current(), colour=state.colour, map=state.map, dims=state.dims)
    for sentence in looking.beyond(data, state, "item", "dimension"):
        say(sentence)
    choice = _choice(state, data)
    look = _look(state, choice, run, data)
    item = look.item
    released, choice = looking.mounted(
        data, KEY, TOLD, lambda plain: latent_stage(data, plain, look), choice, look.method, look.dimension, item
    )
    panel(data, released.chosen, released.index)


def _allowed(state: State, data: xr.Dataset) -> State:
    """What the address says, where this run and this page have it."""
    return replace(
        state, colour=state.colour if state.colour in colourings(data) else "",
        map="pca" if state.map == "pca" else "", dims="3" if state.dims == "3" else "",
    )  # fmt: skip


def _controls(state: State, run: store.Run, data: xr.Dataset, there: list[store.Run]) -> State:
    """The run, the colours, two or three dimensions, which map; `state` with what they now say."""
    options = colourings(data)
    with aside():
        picked = looking.run_picker(run, there, "latent")
        colour = st.selectbox(
            "Colour by", options, options.index(state.colour) if state.colour in options else 0,
            format_func=lambda name: "by the label" if name == "label" else f"by {name}",
            key=f"latent-colour-{run.id}-{state.colour}", label_visibility="collapsed", width=140,
        )  # fmt: skip
        dims = st.segmented_control(
            "Dimensions", ["2", "3"], default=state.dims or "2", format_func="{}-D".format,
            key=f"latent-dims-{state.dims}", label_visibility="collapsed",
        )  # fmt: skip
        kind, dimension = _menu(state, run, data, dims or state.dims or "2")
        settings.link_menu()
    return replace(
        state, run=picked, colour="" if colour == "label" else colour, map="" if kind == "auto" else kind,
        dims="3" if (dims or state.dims) == "3" else "", dimension=dimension,
    )  # fmt: skip


def _menu(state: State, run: store.Run, data: xr.Dataset, dims: str) -> tuple[str, int | None]:
    """Which map, which dimension is gone along, and the button for a map that has to be computed first."""
    now, count = state.map if state.map in MAPS else "auto", data.sizes["latent"]
    with st.popover("Map"):
        kind = st.segmented_control("Map", list(MAPS), default=now, format_func=MAPS.get, key=f"latent-map-{state.map}")
        chosen = traversed(data, state.dimension)
        dimension = st.selectbox(
            "Dimension to go along", range(count), chosen, format_func=lambda k: f"dimension {k + 1}",
            key=f"latent-dimension-{run.id}-{chosen}",
        )  # fmt: skip
        if dims == "3" and _umap_wanted(data) and _solid(run, data) is None:
            _ask_button(run)
    return kind or now, dimension if dimension != chosen else state.dimension


def _ask_button(run: store.Run) -> None:
    """Asks the worker for the map of three dimensions by UMAP."""
    waits = _waited_for(run) is not None
    words = "Computing UMAP in 3-D …" if waits else "Compute UMAP in 3-D"
    tip = "Some seconds in the worker; until then the first three principal components are shown."
    if st.button(words, disabled=waits, key="latent-ask", help=tip):
        st.session_state[ASKED] = (run.id, run.stamp, jobs.queue().ask(run.path, WORK))
        st.rerun()


def _choice(state: State, data: xr.Dataset) -> Choice:
    """What the address says of the look, where the run has it."""
    said = {"colour": state.colour if state.colour in colourings(data) else "", "map": state.map}
    if said["map"] == "umap" and "map_umap" not in data:
        said["map"] = ""
    return Choice(**{name: value for name, value in said.items() if value})


def _look(state: State, choice: Choice, run: store.Run, data: xr.Dataset) -> Look:
    """The map of three dimensions, where it is asked for, and what is traversed."""
    item = state.item if state.item is not None and state.item < data.sizes["point"] else None
    look = Look(dimension=state.dimension, item=item)
    if state.dims != "3" or data.attrs.get("code") == "categorical":
        return look
    solid = _solid(run, data) if choice.map != "pca" else None
    if solid is not None:
        return replace(look, solid=solid, method="UMAP 3")
    codes = sampled_codes(data)
    return replace(look, solid=principal(codes, 3), method="PCA 3" if codes.shape[-1] > 3 else "code 3")


def _umap_wanted(data: xr.Dataset) -> bool:
    return data.sizes["latent"] > 3 and data.attrs.get("code") != "categorical"


def _solid(run: store.Run, data: xr.Dataset) -> np.ndarray | None:
    """The UMAP of three dimensions: the run's own, or what the worker has answered in this session."""
    if "map_umap_3d" in data:
        return data.map_umap_3d.transpose("beta", "point", "axis_3d").values
    kept = st.session_state.get(SOLID)
    return kept[1] if kept and kept[0] == (run.id, run.stamp) else None


def _waited_for(run: store.Run) -> jobs.Asked | None:
    """What the worker was asked for this run and has not answered; an answer is taken, or its sentence said."""
    name, stamp, asked = st.session_state.get(ASKED, ("", "", None))
    if asked is None or (name, stamp) != (run.id, run.stamp):
        return None
    if not asked.done:
        return asked
    del st.session_state[ASKED]
    with guarded():
        st.session_state[SOLID] = ((run.id, run.stamp), np.array(asked.result(), np.float32))
    return None


def _heed_clicks(data: xr.Dataset) -> None:
    """A dimension or an item that was clicked since the last look goes into the address before the stage is drawn."""
    said = (st.session_state.get(KEY) or {}).get("at") or {}
    if said.get("subject") != f"{data.attrs['id']} {data.attrs.get('stamp', '')}":
        return
    now = (said.get("picked"), said.get("item") if said.get("pinned") else None)
    before = st.session_state.get(HEARD, (None, None))
    st.session_state[HEARD] = now
    if now == before:
        return
    state = current()
    if now[0] != before[0] and now[0] is not None:
        state = replace(state, dimension=int(now[0]))
    if now[1] != before[1]:
        state = replace(state, item=None if now[1] is None else int(now[1]))
    remember(state)
