"""Kept and discarded, part "items": what is kept of one item, what it answers when asked again, and who is alike."""

import html
import json
from dataclasses import replace
from pathlib import Path

import streamlit as st
import xarray as xr

from distill.config import Choice
from distill.figures._pictures import are_pictures
from distill.figures._style import knob_values
from distill.measures.decoding import shown_items
from distill.measures.neighbours import NEAREST, agreement
from distill.ui import looking
from distill.ui.content import of_this_version
from distill.ui.kept_inputs import choose, clicked
from distill.ui.kept_items_content import in_words, items_stage, lacking
from distill.ui.opening import say
from distill.ui.state import State, current, remember

QUESTION = "What does the code keep of this very item?"
HINT = "Drag β, ask the same item again, and see who becomes its neighbour."
KEY = "kept-items-stage"


def scene(run: xr.Dataset, state: State, path: Path) -> None:
    """The item of the address, or the first of those shown: kept, asked again, and its neighbours at two βs.

    Raises:
        DistillError: for a run of another version.
    """
    run = of_this_version(run)
    if run.sizes["point"] <= NEAREST:
        say(f"This run has stored {run.sizes['point']} items, too few for {NEAREST} neighbours.")
        return
    if lacking(run):
        say(lacking(run))
    for sentence in looking.beyond(run, current(), "item"):
        say(sentence)
    item, other = _item(run), _other(run)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="kept-items-controls"):
        _controls(run, item, other)
    found = looking.once("_kept_items_found", looking.version(run), lambda: agreement(run))
    released, _ = looking.mounted(
        run, KEY, looking.KEPT, lambda choice: items_stage(run, found, choice, item, other), Choice(), item, other
    )
    pressed = clicked(released, KEY)
    if pressed is not None and pressed != item:
        choose(pressed)


def _item(run: xr.Dataset) -> int:
    """The item of the address, where it is among the stored; else the first that is shown."""
    item = current().item
    return item if item is not None and item < run.sizes["point"] else shown_items(run)[0]


def _other(run: xr.Dataset) -> int:
    """The place of the β beside which the slider's is seen; the weakest where the address says none."""
    other = current().other
    return 0 if other is None else State(beta=other).beta_index(run.beta.values, default=0)


def _controls(run: xr.Dataset, item: int, other: int) -> None:
    """Which item, by number; and the second β."""
    st.html('<label class="soft">Item</label>', width="content")
    asked = st.number_input(
        "Item", 0, run.sizes["point"] - 1, item, key=f"kept-items-item-{item}", width=110,
        label_visibility="collapsed",
    )  # fmt: skip
    values, symbol = knob_values(run), json.loads(run.attrs["knob"])["symbol"]
    beside = other
    if len(values) > 1:
        beside = st.selectbox(
            "Second β", range(len(values)), other, key=f"kept-items-other-{other}", width=180,
            format_func=lambda place: f"beside {symbol} = {values[place]}", label_visibility="collapsed",
        )  # fmt: skip
    if "feature_name" in run or not are_pictures(run):
        st.html(f'<p class="soft">{html.escape(in_words(run, item))}</p>', width="content")
    if asked != item:
        choose(int(asked))
    if beside != other:
        remember(replace(current(), other=float(run.beta.values[beside])))
        st.rerun()
