"""Shannon wall, part "retrieval": one item asked for twice, through a lossy code and without loss."""

from pathlib import Path

import streamlit as st
import xarray as xr

from distill.config import Choice
from distill.figures.retrieval import asked_twice
from distill.measures.decoding import shown_items
from distill.ui import looking
from distill.ui.content import of_this_version
from distill.ui.envelope import Stage
from distill.ui.kept_inputs import choose, clicked
from distill.ui.opening import ASSETS, home_link, say
from distill.ui.state import State, current
from distill.ui.wall import SWEEPS
from distill.ui.wall_retrieval_content import lacking, retrieval_stage

QUESTION = "Ask twice: what comes back the same?"
HINT = "Drag β, and ask again."
KEY, ASKED, MOST = "wall-retrieval-stage", "_wall_retrieval_asked", 2**15
WHY = (
    "A memory that reconstructs differs each time in what it did not keep; one that copies never does. "
    "Its answers agree on what its bits were spent on, and on what all items share."
)


def scene(run: xr.Dataset, state: State, path: Path) -> None:
    """The item of the address, or the first of those shown, asked for twice; and again, at a button.

    Raises:
        DistillError: for a run of another version.
    """
    run = of_this_version(run)
    st.html(ASSETS / "wall_semantic.css")
    sentence = lacking(run)
    if sentence:
        say(sentence)
        home_link("Go to Explore", state)
        return
    item = _item(run)
    asked = _controls(run, item)
    both = looking.once("_wall_asked_twice", looking.version(run), lambda: asked_twice(run))

    def build(choice: Choice) -> Stage:
        return retrieval_stage(run, choice, item, asked, both)

    released, _ = looking.mounted(run, KEY, SWEEPS, build, Choice(), item, asked)
    pressed = clicked(released, KEY)
    if pressed is not None and pressed != item:
        choose(pressed)


def _item(run: xr.Dataset) -> int:
    """The item of the address, where it is among the stored; else the first that is shown."""
    item = current().item
    return item if item is not None and item < run.sizes["point"] else shown_items(run)[0]


def _controls(run: xr.Dataset, item: int) -> int:
    """Which item, by number, and the button that asks for it twice more; how often that was pressed."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="wall-retrieval-controls"):
        st.html('<label class="soft">Item</label>', width="content")
        wanted = st.number_input(
            "Item", 0, run.sizes["point"] - 1, item, key=f"wall-retrieval-item-{item}", width=110,
            label_visibility="collapsed",
        )  # fmt: skip
        if st.button("Ask again", key="wall-retrieval-again", help="Two more files of it, under two other dithers."):
            st.session_state[ASKED] = (st.session_state.get(ASKED, 0) + 1) % MOST
        st.html(f'<p class="soft">{WHY}</p>', width="stretch")
    if wanted != item:
        choose(int(wanted))
    return st.session_state.get(ASKED, 0)
