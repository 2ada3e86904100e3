"""A script that shows a stage with made-up content; the browser tests serve it.

Everything on it is a function of (frame, step), so that a test can compute what must be on the screen.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st

sys.path.insert(0, os.environ.get("STAGE_ROOT", str(Path(__file__).parents[2])))

from distill.ui.stage import (
    Moving,
    Packed,
    Pictures,
    Row,
    Slider,
    Stage,
    Thumbnails,
    View,
    pack,
    pack_item,
    pack_step,
    part,
    stage,
)

FRAMES, STEPS, ITEMS = 33, 6, int(os.environ.get("STAGE_ITEMS", "1000"))
BETAS = np.logspace(-5, 0, FRAMES)
KEPT, ALSO, LOST, QUIET, SOFT = "#1b4f9c", "#6fb7e9", "#d1491a", "#c3c8cf", "#5c6470"
CLASSES = (
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499", "#555555",
)  # fmt: skip
PALETTE = {
    KEPT: "#6ea3f2", ALSO: "#3f88bd", LOST: "#f0794b", QUIET: "#565c66", SOFT: "#a4abb6", "#332288": "#9a8cf0",
    "#117733": "#3fae6c", "#882255": "#d868a0", "#555555": "#a8adb5", "#ffffff": "#0e1117",
}  # fmt: skip
FACTORS = ("digit", "parity", "loop", "ink", "slant")
AXIS = {"showline": True, "ticks": "outside", "ticklen": 4}
BARE = {"showgrid": False, "showticklabels": False}


def plane_numbers() -> tuple[np.ndarray, np.ndarray]:
    """(steps, frames) made-up information about x and about y, bits."""
    grown = 0.45 + 0.55 * np.linspace(0, 1, STEPS)[:, None]
    x = 8.4 * np.linspace(1, 0, FRAMES) ** 1.4 * grown + 0.35 * (1 - grown)
    return x, 3.3 * (1 - np.exp(-x * 0.9)) * grown**0.4


def codes(step: int) -> np.ndarray:
    """(frames, items, 2) made-up codes that fall together as compression grows."""
    label = np.arange(ITEMS) % 10
    centre = np.stack([np.cos(label * 0.628), np.sin(label * 0.628)], -1) * (1 + (label % 3) * 0.5)[:, None]
    noise = np.random.default_rng(0).normal(size=(ITEMS, 2))
    share = np.linspace(0, 1, FRAMES)[:, None, None]
    turn = 0.8 * share + 0.2 * step
    flat = centre * (1 - 0.6 * share**3) + noise * (0.36 - 0.06 * share)
    return np.concatenate([
        flat[..., :1] * np.cos(turn) + flat[..., 1:] * np.sin(turn),
        flat[..., 1:] * np.cos(turn) - flat[..., :1] * np.sin(turn),
    ], -1)  # fmt: skip


def ledger_numbers() -> np.ndarray:
    """(frames, 4) bits that add up to 8.4."""
    share = np.linspace(1, 0, FRAMES)
    return np.stack([3.2 * share**0.3, 5.2 * share**1.6, 3.2 * (1 - share**0.3), 5.2 * (1 - share**1.6)], -1)


def factor_numbers() -> np.ndarray:
    """(frames, factors) shares kept."""
    return np.linspace(1, 0, FRAMES)[:, None] ** np.array([0.3, 0.5, 0.7, 1.2, 2.0])


def layout(wide: list[float], tall: list[float], x: str = "", y: str = "", **more: object) -> dict:
    margin = {"l": 50, "r": 14, "t": 8, "b": 46}
    axes = {
        "xaxis": {**AXIS, "range": wide, "title": {"text": x}},
        "yaxis": {**AXIS, "range": tall, "title": {"text": y}},
    }
    return {"template": "none", "margin": margin, "showlegend": False, **axes, **more}


def plane(steps: int) -> View:
    x, y = (values[:steps] for values in plane_numbers())
    figure = go.Figure(layout=layout([-0.3, 9.3], [-0.15, 3.6], "I(X;Z), bits", "I(Z;Y), bits"))
    for beta in range(0, FRAMES, 2):
        figure.add_scatter(
            x=x[:, beta], y=y[:, beta], mode="lines", line={"color": QUIET, "width": 1}, hoverinfo="skip"
        )
    dotted = {"color": SOFT, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[8.8, 8.8], y=[-0.15, 3.6], mode="lines", line=dotted, hoverinfo="skip", name="ceiling")
    figure.data[-1].meta = "furniture"
    figure.add_annotation(
        x=8.8, y=0.2, text="log₂ N", showarrow=False, xanchor="right", xshift=-4, font={"size": 11, "color": SOFT}
    )
    first, names = len(figure.data), [f"β = {beta:.2g}" for beta in BETAS]
    figure.add_scatter(mode="lines", line={"color": KEPT, "width": 2}, hoverinfo="skip", name="curve")
    figure.add_scatter(
        mode="markers", marker={"color": KEPT, "size": 7}, customdata=np.arange(FRAMES), hovertext=names, name="marks"
    )
    here = {"color": LOST, "size": 15, "line": {"width": 2, "color": "#ffffff"}}
    figure.add_scatter(mode="markers", marker=here, name="here", hovertemplate="%{x:.2f}, %{y:.2f}<extra></extra>")
    curve = (np.repeat(x[:, None], FRAMES, axis=1), np.repeat(y[:, None], FRAMES, axis=1))
    moving = (Moving(first, *curve), Moving(first + 1, *curve), Moving(first + 2, x[..., None], y[..., None]))
    subtitle = "What is kept of the label, over what is kept in all"
    return View("Information plane", figure, moving, subtitle=subtitle, hover="frames")


def code_map(steps: int) -> View:
    bare = {"range": [-3, 3], **BARE}
    figure = go.Figure(layout=layout([], [], xaxis=bare, yaxis=bare))
    figure.add_scatter(
        mode="text", text=[str(i % 10) for i in range(ITEMS)], name="codes", customdata=np.arange(ITEMS),
        textfont={"size": 11, "color": [CLASSES[i % 10] for i in range(ITEMS)]},
        hovertext=[f"item {i}<br>digit {i % 10}" for i in range(ITEMS)],
    )  # fmt: skip
    last = codes(steps - 1)
    later = dict.fromkeys(range(steps - 1))  # None: sent when the browser asks
    moving = (Moving(0, later | {steps - 1: last[..., 0]}, later | {steps - 1: last[..., 1]}),)
    return View("Code map", figure, moving, subtitle="Sampled codes, drawn as their digits", hover="items")


def kept() -> View:
    ticks = {"tickvals": [0, 0.5, 1], "ticktext": ["0", "half", "all"], "title": {"text": "share kept"}}
    names = {"tickvals": list(range(5)), "ticktext": FACTORS, "showgrid": False, "anchor": "x2", "domain": [0, 0.6]}
    figure = go.Figure(layout=layout([0, 8.6], [-0.5, 0.5], "bits", barmode="stack"))
    figure.update_layout(
        margin_l=66, yaxis={"domain": [0.82, 1], **BARE, "ticks": "", "showline": False}, xaxis_nticks=5,
        xaxis2={"range": [0, 1], "anchor": "y2", **ticks}, yaxis2={"range": [4.5, -0.5], **names},
    )  # fmt: skip
    kinds = (
        ("kept, relevant", KEPT),
        ("kept, irrelevant", ALSO),
        ("lost, relevant", LOST),
        ("lost, irrelevant", QUIET),
    )
    moving = []
    for i, ((name, colour), bits) in enumerate(zip(kinds, ledger_numbers().T, strict=True)):
        ink = {"size": 11, "color": "#ffffff"}
        figure.add_bar(y=[0], orientation="h", width=0.7, marker={"color": colour}, name=name, textfont=ink)
        moving.append(Moving(i, x=bits[:, None], text=[[f"{value:.1f}"] for value in bits]))
    tick = {"symbol": "line-ns", "size": 14, "line": {"width": 1.5, "color": SOFT}}
    rows, second = list(range(5)), {"xaxis": "x2", "yaxis": "y2", "mode": "markers"}
    figure.add_scatter(x=[1.0, 0.97, 0.98, 0.9, 0.86], y=rows, marker=tick, name="ceiling", **second)
    bar = {"color": KEPT, "thickness": 1.5, "width": 0}
    figure.add_scatter(y=rows, marker={"color": KEPT, "size": 9}, error_x=bar, name="share kept", **second)
    share = factor_numbers()
    moving.append(Moving(5, x=share, low=np.clip(share - 0.06, 0, 1), high=np.clip(share + 0.05, 0, 1)))
    return View(
        "Kept and discarded", figure, tuple(moving), subtitle="8.4 bits in all, and how much of every factor stays"
    )


def pictures() -> np.ndarray:
    """(items, 8, 8) uint8."""
    rows, columns = np.mgrid[:8, :8]
    middle = np.random.default_rng(1).uniform(2, 5, (ITEMS, 2, 1, 1))
    far = (rows - middle[:, 0]) ** 2 + (columns - middle[:, 1]) ** 2
    return np.uint8(255 * np.exp(-far / (2 + np.arange(ITEMS)[:, None, None] % 10)))


def faded(original: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(frames, …) kept and discarded of pictures."""
    fade = np.linspace(1, 0, FRAMES).reshape(-1, *[1] * original.ndim)
    blurred = np.uint8(original * fade + 60 * (1 - fade))
    return blurred, np.uint8(128 + (original.astype(int) - blurred) // 2)


def headline(step: int, frame: int) -> list[tuple[str, str, str]]:
    x, y = (values[step, frame] for values in plane_numbers())
    return [
        (f"{x:.1f} bits", "kept", "I(X;Z), mixture estimate, N = 450, test"),
        (f"{y:.1f} bits", "of them relevant", "I(Z;Y), oracle, N = 450, test"),
        (f"{100 * (1 - y / 3.4):.0f} %", "error with one code", "one sampled code an item, N = 450, test"),
        (f"{8.8 / max(x, 0.1):.1f}×", "smaller than H(X)", "log₂ N over I(X;Z)"),
    ]


@st.cache_resource
def content(identity: str, steps: int, revision: int, index: int) -> Packed:
    """The stage's content while `steps` of the steps have been trained."""
    original, chosen = pictures(), np.arange(8) * 7 + 1
    blurred, lost = faded(original[chosen])
    rows = (Row("original", original[chosen]), Row("kept", blurred), Row("discarded", lost, signed=True))
    ticks = [(round(i * 32 / 5), text) for i, text in enumerate(("10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "1"))]
    caption = "run 0123456789ab · made up, VIB, K = 8 · I(X;Z): mixture estimate; I(Z;Y): oracle; N = 450, test split; "
    epochs = [f"epoch {10 * 2**step}" for step in range(steps)]
    return pack(Stage(
        views=(plane(steps), code_map(steps), kept()), identity=identity, revision=revision, palette=PALETTE,
        slider=Slider("Compression strength β", [f"{beta:.2g}" for beta in BETAS], index, ticks),
        second=Slider("Training", epochs, steps - 1, [(0, "start"), (steps - 1, "now")], 2),
        headline=[[headline(s, f) for f in range(FRAMES)] for s in range(steps)],
        pictures=Pictures(chosen.tolist(), rows, title="Pictures", subtitle="Made up and faded"),
        thumbnails=Thumbnails(range(ITEMS), original), filename="made-up",
        caption=caption + "a line that is long enough to be wrapped",
    ))  # fmt: skip


@st.fragment
def scene() -> None:
    state = st.session_state
    state.scenes = state.get("scenes", 0) + 1
    packed = content(state.identity, state.steps, state.revision, state.begin)
    at = stage(packed, key="stage")
    for step in at.wanted:
        then = codes(step)
        moving = (Moving(0, then[..., 0], then[..., 1]),)
        part(pack_step(step, {"Code map": moving}, {"Code map": code_map(state.steps).figure}), key="stage")
    if at.item is not None:
        picture = pictures()[at.item]
        part(pack_item(at.item, [picture, *faded(picture)]), key="stage")
    counts = {"scenes": state.scenes, "runs": state.runs, "bytes": len(packed.block("stage"))}
    st.html(f"<pre id='at' style='font-size:9px;margin:0'>{json.dumps(at.__dict__ | counts)}</pre>")


def main() -> None:
    st.set_page_config(layout="wide", page_title="stage")
    st.html("<style>.stMainBlockContainer{padding-top:3.2rem;padding-bottom:1rem}</style>")
    st.markdown("### What does a network keep when you squeeze it?")
    state = st.session_state
    for name, value in {
        "identity": "a",
        "steps": STEPS - 2,
        "revision": 0,
        "begin": 12,
        "away": False,
        "runs": 0,
    }.items():
        state.setdefault(name, value)
    state.runs += 1
    if not state.away:
        scene()
    with st.container(horizontal=True):
        st.button("Grow", on_click=lambda: state.update(steps=state.steps + 1))
        st.button("Other", on_click=lambda: state.update(identity=state.identity + "b", begin=20))
        st.button("Move", on_click=lambda: state.update(revision=state.revision + 1, begin=3))
        st.button("Leave", on_click=lambda: state.update(away=not state.away))


if __name__ == "__main__":
    main()
