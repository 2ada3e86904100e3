"""The part on the price of knowledge: what a network that has learned saves, and what it is itself."""

import html
from pathlib import Path

import streamlit as st
import xarray as xr

from distill.ui import looking, wall_running
from distill.ui.state import State
from distill.ui.wall_knowledge_content import PUBLISHED, knowledge_stage, verdict

QUESTION = "What does knowing more cost?"
HINT = "Drag the number of items sent, until the network has paid for itself."
KEY, SAID = "wall-knowledge-stage", "_wall_price"


def scene(run: xr.Dataset, state: State, path: Path) -> None:
    """The verdict, the stage, and what others have published."""
    words = looking.once(SAID, wall_running.version(run), lambda: verdict(run))
    st.html(f'<p class="soft wall-verdict">{html.escape(words)}</p>')
    wall_running.mounted(run, state, KEY, knowledge_stage)
    st.html(f'<p class="soft wall-published">{html.escape(PUBLISHED)}</p>')
