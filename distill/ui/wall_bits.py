"""The part on bits an item: what every coder really wrote of a source, against what no coder gets below."""

import html
from pathlib import Path

import streamlit as st
import xarray as xr

from distill.ui import looking, wall_running
from distill.ui.state import State
from distill.ui.wall_bits_content import bits_stage, sent_html, verdict

QUESTION = "How small can it get without losing anything?"
HINT = "Drag the number of items sent; then choose another source."
KEY, SENT = "wall-bits-stage", "_wall_sent"


def scene(run: xr.Dataset, state: State, path: Path) -> None:
    """The verdict, what is sent, and the stage."""
    words, sent = looking.once(SENT, wall_running.version(run), lambda: (verdict(run), sent_html(run)))
    st.html(f'<p class="soft wall-verdict">{html.escape(words)}</p>{sent}')
    wall_running.mounted(run, state, KEY, bits_stage)
