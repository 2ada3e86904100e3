"""What figures of learned codes share whose axis is not β: the curve through all βs, their marks, the chosen one."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.figures._animation import Moving
from distill.figures._style import FURNITURE, SMALL, knob_value, line
from distill.palette import GRID, GROUND, INK, SOFT_INK, beta_colours


def learned(
    figure: go.Figure, run: xr.Dataset, x: np.ndarray, y: np.ndarray, clipped: np.ndarray,
    path: tuple[np.ndarray, np.ndarray] | None = None,
) -> Moving:  # fmt: skip
    """Draws every β at x, y (beta,), and the mark of the chosen one, which is what moves.

    `clipped` (beta,): places that stand for one beyond the edge, or for no number; they are drawn open. `path`: the
    line through all of them, where it is not straight from one to the next.
    """
    colours = beta_colours(len(x))
    figure.add_trace(line(*(path or (x, y)), SOFT_INK, "learned curve", width=1.2))
    figure.add_trace(go.Scatter(
        x=x, y=y, mode="markers", name="every β", customdata=list(range(len(x))), hoverinfo="none",
        hovertext=[f"β = {knob_value(run, i)}" for i in range(len(x))], cliponaxis=False,
        marker={"size": 8, "symbol": ["circle-open" if each else "circle" for each in clipped], "color": colours,
                "line": {"width": 1.4, "color": colours}},
    ))  # fmt: skip
    marker = {"size": 16, "color": INK, "line": {"width": 2, "color": GROUND}}
    if clipped.all():
        marker = {"size": 16, "color": INK, "symbol": "circle-open", "line": {"width": 2.4, "color": INK}}
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name="chosen β", hoverinfo="skip", cliponaxis=False, marker=marker
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, x=x[:, None], y=y[:, None])


def closed(figure: go.Figure, x: Sequence[float], y: Sequence[float], name: str, opacity: float = 0.55) -> None:
    """A grey region without numbers of the run, closed by itself."""
    figure.add_trace(go.Scatter(
        x=[*x, x[0]], y=[*y, y[0]], mode="lines", name=name, fill="toself", fillcolor=GRID, opacity=opacity,
        line={"width": 0, "color": GRID}, hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip


def said(figure: go.Figure, text: str, x: float, y: float, side: str, colour: str = SOFT_INK) -> None:
    """Words at a point, to the `side` of it that plotly calls so (middle right), in front of regions."""
    figure.add_trace(go.Scatter(
        x=[x], y=[y], mode="text", text=[text], textposition=side, name=f"{text}, in words", hoverinfo="skip",
        textfont={"size": SMALL + 1, "color": colour}, meta=FURNITURE, cliponaxis=False,
    ))  # fmt: skip
