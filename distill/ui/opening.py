"""How every page begins: its settings, its style, the navigation, the question that it answers; and how it fails."""

import gc
import html
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from distill.errors import DistillError
from distill.ui import links
from distill.ui.state import State, begun, from_params

ASSETS = Path(__file__).resolve().parents[2] / "assets"
MARKDOWN = re.compile(r"[\\`*$\[\]~<]|:(?=\w)|(?<!\w)_|_(?!\w)")  # and the directives, emoji and icons of Streamlit
ASIDE = "_distill_aside"  # session_state: the container to the right of the question


def open_page(title: str, question: str, hint: str) -> State:
    """Begins a page; the first call of each. Returns what the address says.

    `title` is the page's name in the navigation and in the browser's tab, `question` its heading and `hint` one
    sentence of what to try. What is wrong in the address is left out and said in a sentence each; nothing is raised.
    """
    icon = str(ASSETS / "icon.png")
    st.set_page_config(page_title=f"{title} · Distill", page_icon=icon, layout="wide")
    st.html(ASSETS / "ui.css")
    _prepare_process()
    state, complaints = from_params(st.query_params)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="distill-top"):
        st.html('<div class="wordmark"><img src="./app/static/icon.svg" alt="">Distill</div>', width="content")
        links.draw(title, state.to_params())
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="distill-opening"):
        st.html(f'<h1 class="question">{html.escape(question)}</h1><p class="soft">{html.escape(hint)}</p>')
        st.session_state[ASIDE] = st.container(
            horizontal=True, vertical_alignment="center", gap="xsmall", width="content", key="distill-aside"
        )
    for sentence in complaints:
        say(sentence)
    return state


def aside() -> DeltaGenerator:
    """The row to the right of the page's question, for what is chosen for the whole page."""
    return st.session_state[ASIDE]


@contextmanager
def guarded() -> Iterator[None]:
    """Shows a DistillError that escapes from the body as its one sentence; every other error goes on.

    Fragments rerun without the page around them, so their bodies need their own.
    """
    try:
        yield
    except DistillError as error:
        say(str(error), alert=True)


def say(sentence: str, alert: bool = False) -> None:
    """One plain sentence to the person, as text: nothing in it is read as Markdown or HTML."""
    kind, role = ("alert", "alert") if alert else ("notice", "status")
    text = html.escape(begun(sentence))
    st.html(f'<p class="say {kind}" role="{role}">{text}</p>')


def plain(text: str) -> str:
    """`text` as it is, where Streamlit would read Markdown in it: a column's name may hold *, _, $, [ and `:`."""
    return MARKDOWN.sub(r"\\\g<0>", text)


def home_link(label: str, state: State, **options: Any) -> None:  # noqa: ANN401
    """A link to the Explore page that shows `state`; `options` are those of st.page_link."""
    links.home(label, state.to_params(), **options)


@st.cache_resource(show_spinner=False)
def _prepare_process() -> None:
    """Once a server: keep what is imported out of the garbage collector's way, and start the worker."""
    gc.collect()
    gc.freeze()
    if os.environ.get("DISTILL_NO_WORKER") != "1":
        from distill import jobs

        jobs.queue().warm()
