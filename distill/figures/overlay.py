"""End curves of other runs on the plane of one, each in a colour of its own, by name."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Moving
from distill.figures._shares import as_shares
from distill.figures._style import FURNITURE, SMALL, knob_values, note
from distill.measures.limits import ceiling_x
from distill.measures.seeds import averaged
from distill.palette import CLASSES

__all__ = ["Curve", "end_curve", "knob_of", "lay_over"]

# the class colours that stay apart from the four of the program, from the ramp of β and from one another, then dashed
OVERLAYS = tuple((CLASSES[index], dash) for dash in ("solid", "dash") for index in (1, 5, 3, 6))
TOP, LINE = 0.52, 0.054  # of the plane's height: the first of the names, and the distance of two


@dataclass(frozen=True)
class Curve:
    """Where the βs of a run ended: x, y (beta,) in bits or shares; `betas` the knob's values, `values` in words.

    `knob` says what is turned, to tell which runs share it; `colour` "" is the next of OVERLAYS.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    betas: np.ndarray
    values: tuple[str, ...]
    knob: str = "β"
    colour: str = ""
    dash: str = "solid"


def knob_of(run: xr.Dataset) -> str:
    """Objective and symbol of a run's knob: two runs share a scale where they share these."""
    return f"{run.attrs['objective_title']}, {json.loads(run.attrs['knob'])['symbol']}"


def end_curve(run: xr.Dataset, choice: Choice, name: str, **look: str) -> Curve:
    """The last step of `run` on the split and in the scale that are chosen; a code without noise at its ceiling."""
    run = averaged(run.isel(step=[-1]))
    run = as_shares(run) if choice.scale == "shares" else run
    at, ceiling = run.sel(split=choice.split).isel(step=-1), float(ceiling_x(run, choice.split)[-1])
    x, y = at.information_x.values.astype(float), at.information_y.values.astype(float)
    noiseless = np.isnan(x)
    x, y = np.where(noiseless, ceiling, x), np.where(noiseless, at.bound_y.values, y)
    return replace(Curve(name, x, y, at.beta.values, tuple(knob_values(run)), knob_of(run)), **look)


def lay_over(figure: go.Figure, curves: Sequence[Curve], betas: np.ndarray, knob: str) -> tuple[Moving, ...]:
    """Draws the curves; the ring on each moves to its value nearest to the chosen one, where both turn the same knob.

    Their names stand where codes seldom are: bits of the input without bits of the label.
    """
    looks, moving = itertools.cycle(OVERLAYS), []
    for place, each in enumerate(curves):
        curve = each if each.colour else replace(each, **dict(zip(("colour", "dash"), next(looks), strict=True)))
        _draw(figure, curve, [int(np.argmin(_apart(betas, beta))) for beta in curve.betas])
        if curve.knob == knob and len(curve.x) > 1:
            moving.append(_nearest(figure, curve, [int(np.argmin(_apart(curve.betas, beta))) for beta in betas]))
        _label(figure, curve, place)
    return tuple(moving)


def _apart(betas: np.ndarray, beta: float) -> np.ndarray:
    """Distance in log β; 0 is near to itself alone."""
    low = 1e-12
    return np.abs(np.log(np.maximum(betas, low)) - np.log(max(beta, low)))


def _draw(figure: go.Figure, curve: Curve, frames: list[int]) -> None:
    words = [f"{curve.name}<br>{curve.knob.split(', ')[-1]} = {value}" for value in curve.values]
    figure.add_trace(go.Scatter(
        x=curve.x, y=curve.y, mode="lines+markers", name=curve.name, customdata=frames, hovertext=words,
        hoverinfo="text", line={"color": curve.colour, "width": 1.8, "dash": curve.dash},
        marker={"size": 4.5 if len(curve.x) > 1 else 10, "color": curve.colour},
    ))  # fmt: skip


def _nearest(figure: go.Figure, curve: Curve, near: list[int]) -> Moving:
    line = {"width": 2.2, "color": curve.colour}
    marker = {"size": 12, "color": curve.colour, "symbol": "circle-open", "line": line}
    name = f"{curve.name}, nearest"
    figure.add_trace(go.Scatter(x=[], y=[], mode="markers", name=name, hoverinfo="skip", marker=marker))
    return Moving(len(figure.data) - 1, x=curve.x[near][:, None], y=curve.y[near][:, None])


def _label(figure: go.Figure, curve: Curve, place: int) -> None:
    """Line number `place` of the names: a piece of the curve's line, and its name to the left of it."""
    right, top = (float(axis.range[1]) for axis in (figure.layout.xaxis, figure.layout.yaxis))
    x, y = right * np.array([0.875, 0.925]), top * (TOP - LINE * place)
    line = {"color": curve.colour, "width": 2.4, "dash": curve.dash}
    look = {"mode": "lines", "hoverinfo": "skip", "meta": FURNITURE, "line": line}
    figure.add_trace(go.Scatter(x=x, y=[y, y], name=f"{curve.name}, in words", **look))
    font = {"size": SMALL, "color": curve.colour}
    figure.add_annotation(note(curve.name, float(x[0]), y, xanchor="right", xshift=-5, font=font))
