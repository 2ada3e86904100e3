"""Shannon wall, part "semantic": what a trained code takes on disk beside what no coder without loss gets below."""

import html
from pathlib import Path

import streamlit as st
import xarray as xr

from distill import store
from distill.coding import semantic
from distill.config import Choice
from distill.ui import looking
from distill.ui.content import of_this_version
from distill.ui.envelope import Stage
from distill.ui.opening import ASSETS, home_link, say
from distill.ui.state import State
from distill.ui.wall import SWEEPS
from distill.ui.wall_semantic_content import at_beta, command, file_name, lacking, lossless, semantic_stage

QUESTION = "What is left of an item at ten bits?"
HINT = "Drag β: watch the file shrink, and what goes with it."
KEY, MIME = "wall-semantic-stage", "application/octet-stream"


def scene(run: xr.Dataset, state: State, path: Path) -> None:
    """The stage, and the file at the slider's β to take away.

    Raises:
        DistillError: for a run of another version.
    """
    run = of_this_version(run)
    st.html(ASSETS / "wall_semantic.css")
    sentence = lacking(run)
    if sentence:
        say(sentence)
        home_link("Go to Explore", state)
    if "joint" in run or "covariance_xy" in run:
        return
    there = store.list_runs()
    best = looking.once("_wall_lossless", (*looking.version(run), _walls(there)), lambda: lossless(run, there))
    above = st.container(horizontal=True, vertical_alignment="center", gap="small", key="wall-semantic-file")

    def build(choice: Choice) -> Stage:
        return semantic_stage(run, choice, best)

    _, choice = looking.mounted(run, KEY, SWEEPS, build, Choice(), best)
    if not sentence:
        with above:
            _offer(run, choice.beta)


def _walls(there: list[store.Run]) -> tuple[tuple[str, int], ...]:
    """Which walls there are, and how far each has come."""
    return tuple((run.id, run.snapshots) for run in there if run.attrs.get("kind") == "wall")


def _offer(run: xr.Dataset, beta: int) -> None:
    """The file itself, and what decodes it."""
    blob = semantic.encode(run, beta, semantic.to_send(run)[beta])
    st.download_button(
        f"Take the file at {at_beta(run, beta)}, {len(blob):,} bytes", blob, file_name(run, beta), MIME,
        key="wall-semantic-take", on_click="ignore",
    )  # fmt: skip
    words = f"All {run.sizes['point']} stored test items. Decoded by <code>{html.escape(command(run, beta))}</code>"
    st.html(f'<p class="soft">{words}</p>', width="stretch")
