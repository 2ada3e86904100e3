"""The part on quality: what the shape of a code says of it, beside what it keeps of Y and of X."""

import html
from pathlib import Path

import streamlit as st
import xarray as xr

from distill.config import Choice
from distill.ui import looking
from distill.ui.content import of_this_version
from distill.ui.envelope import Stage
from distill.ui.kept_quality_content import quality_stage, verdict
from distill.ui.opening import ASSETS
from distill.ui.state import State

QUESTION = "What makes a code a good one?"
HINT = "Drag β: at the left what its shape says, at the right what it keeps."
KEY, SAID = "kept-quality-stage", "_kept_quality_said"


def scene(run: xr.Dataset, state: State, path: Path) -> None:
    """The verdict in words, and the stage."""
    st.html(ASSETS / "kept.css")
    probe = "mlp" if state.probe == "mlp" and "factor_kept_mlp" in run else "logistic"
    said = looking.once(SAID, looking.version(run), lambda: verdict(of_this_version(run)))
    st.html(f'<p class="soft kept-verdict">{html.escape(" ".join(said))}</p>')

    def build(choice: Choice) -> Stage:
        return quality_stage(run, choice, probe)

    looking.mounted(run, KEY, looking.KEPT, build, Choice(), probe)
