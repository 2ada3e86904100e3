"""The dialog in which a person brings a file of their own, to be sent by every coder."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from distill.errors import DistillError
from distill.sources import file
from distill.ui.opening import say

NAME = "file"  # of the source
ANOTHER = "own"  # in the picker of sources: what opens the dialog
OPEN, MADE, TROUBLE = "_own_file_open", "_own_file_made", "_own_file_trouble"
PICKED, UPLOAD = "own-wall-file", "own-wall-upload"  # keys of widgets
NEW = ""  # among the files: one that is yet to be brought
TOO_SHORT = f"No network learns it: a file of fewer than {file.HALVED:,} bytes is too short to leave one anything."
HINT = (
    f"Of any kind, at most {file.LARGEST / 1e6:.0f} MB. The file is copied into the folder of your runs on this "
    "machine, and goes nowhere else."
)


def ask() -> None:
    """Opens the dialog, until it is dismissed or used."""
    st.session_state[OPEN] = True


def dialog() -> Mapping[str, Any] | None:
    """Draws the dialog while it is open; the options of the source that were made in it, once."""
    if st.session_state.get(OPEN):
        _dialog()
    return st.session_state.pop(MADE, None)


def called(id: str) -> str:
    """What the file with this id was called."""
    found = file.known(id)
    return found.name if found else "A file"


def too_short(source: str, options: Mapping[str, Any]) -> bool:
    """Whether this is a file that is sent whole, with nothing left for a network to learn from."""
    found = file.known(options.get(NAME, "")) if source == NAME else None
    return found is not None and found.size < file.HALVED


def _close() -> None:
    st.session_state.pop(OPEN, None)
    st.session_state.pop(TROUBLE, None)


@st.dialog("A file of your own", on_dismiss=_close)
def _dialog() -> None:
    st.caption(HINT)
    picked = _picked()
    if not picked:
        return
    half = file.known(picked)
    if half is not None and half.size >= file.HALVED:
        st.caption("Its first half is for the network to learn from; its second half is sent by every coder.")
    elif half is not None:
        st.caption(f"It is sent whole. {TOO_SHORT}")
    if st.button("Use this file", type="primary", key="own-wall-use"):
        st.session_state[MADE] = {NAME: picked}
        _close()
        st.rerun()


def _picked() -> str:
    """The id of a file that was brought before, or is brought now; "" while there is none."""
    there = {each.id: f"{each.name}: {each.size:,} bytes" for each in file.brought()}
    picked = NEW
    if there:
        if st.session_state.get(PICKED) not in (*there, NEW):
            st.session_state[PICKED] = next(iter(there))
        picked = st.selectbox("File", [*there, NEW], format_func=lambda id: there.get(id, "Bring another"), key=PICKED)
    if picked == NEW:
        st.file_uploader(
            "A file", max_upload_size=round(file.LARGEST / 1e6), key=UPLOAD, on_change=_bring,
            label_visibility="collapsed",
        )  # fmt: skip
        if TROUBLE in st.session_state:
            say(st.session_state[TROUBLE], alert=True)
    return picked


def _bring() -> None:
    """Callback of the upload: the file is kept and picked, or what is wrong with it is said."""
    st.session_state.pop(TROUBLE, None)
    found = st.session_state.get(UPLOAD)
    if found is None:
        return
    try:
        st.session_state[PICKED] = file.bring(found.getvalue(), found.name)
    except DistillError as error:
        st.session_state[TROUBLE] = str(error)
