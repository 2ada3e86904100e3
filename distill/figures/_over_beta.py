"""What figures over β share: the axis, curves and marks on it, levels to compare with, logarithmic shares.

The line at the chosen β moves, and what moves is drawn over what stands. So that it stays under curves and words, these
are given as moving too, though they never do.
"""

import json
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.errors import InvalidValue
from distill.figures._animation import Moving
from distill.figures._style import FURNITURE, SMALL, axis, blank, knob_ticks, knob_values, note
from distill.palette import GRID, GROUND, INK, SOFT_INK

CODES = {"one": ("one code", INK), "average": ("twelve averaged", SOFT_INK)}
NINETY = 1.645  # standard errors to either side: a 90 % interval
PERCENT = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)


def over_beta(run: xr.Dataset, top: int, name: str = "xaxis", **more: object) -> go.Figure:
    """An empty figure whose axis `name` has the places of the βs."""
    figure = blank(left=60, right=12, top=top)
    figure.update_layout({name: beta_axis(run, **more)})
    return figure


def beta_axis(run: xr.Dataset, **more: object) -> dict[str, object]:
    """The places of the βs along an axis, with the decades and 0 written."""
    betas = run.sizes["beta"]
    # 10⁻⁵ stands too near to 0 for both to be written
    ticks = [(place, text) for place, text in knob_ticks(run) if not 0 < place < betas / 20]
    shown = {"tickvals": [place for place, _ in ticks], "ticktext": [text for _, text in ticks], "tickangle": 0}
    return axis(json.loads(run.attrs["knob"])["label"], -0.5, betas - 0.5, **shown, **more)


def line_at_beta(figure: go.Figure, run: xr.Dataset, ends: tuple[float, float], **axes: str) -> Moving:
    """The broad line at the chosen β, between the two `ends` of the other axis."""
    betas, look = run.sizes["beta"], {"mode": "lines", "line": {"color": GRID, "width": 6}}
    figure.add_trace(go.Scatter(x=[], y=list(ends), name="chosen β", hoverinfo="skip", meta=FURNITURE, **look, **axes))
    return Moving(len(figure.data) - 1, x=np.repeat(np.arange(float(betas))[:, None], 2, axis=1))


def lowest_of(values: list[np.ndarray | float | None], count: int) -> float:
    """Where a logarithmic scale of shares ends: below all that was measured, or at half an item where that is 0."""
    every = np.concatenate([np.ravel(each) for each in values if each is not None])
    return 0.5 / count if (every <= 0).any() else max(0.5 / count, 0.6 * float(np.nanmin(every)))


def logarithmic(title: str, lowest: float, **more: object) -> dict[str, object]:
    """An axis of shares from `lowest` to 1."""
    ticks = [each for each in PERCENT if each >= lowest]
    if more:  # a low panel has room for every second
        ticks = [each for each in ticks if each in (0.001, 0.01, 0.1, 1)]
    shown = {"tickvals": ticks, "ticktext": [f"{100 * each:g}%" for each in ticks]}
    return axis(title, float(np.log10(lowest)), 0, type="log", **shown, **more)


def add_area(figure: go.Figure, x: list[float], y: list[float], name: str, **more: object) -> None:
    """A shaded region, closed by itself."""
    figure.add_trace(go.Scatter(**{
        "x": [*x, x[0]], "y": [*y, y[0]], "mode": "lines", "name": name, "fill": "toself", "fillcolor": GRID,
        "opacity": 0.7, "line": {"color": GRID, "width": 0}, "hoverinfo": "skip", "meta": FURNITURE, **more,
    }))  # fmt: skip


def add_level(
    figure: go.Figure, run: xr.Dataset, level: float, words: str = "deterministic network", **axes: str
) -> Moving:
    """A dashed line at what the deterministic network reaches."""
    figure.add_trace(go.Scatter(
        x=[-0.5, run.sizes["beta"] - 0.5], y=[level, level], mode="lines", name=words,
        line={"color": INK, "width": 1.3, "dash": "dash"}, hovertemplate=f"{words}: %{{y:.1%}}<extra></extra>", **axes,
    ))  # fmt: skip
    return Moving(len(figure.data) - 1)


def add_curve(
    figure: go.Figure, run: xr.Dataset, drawn: np.ndarray, name: str, colour: str, width: float,
    dash: str = "solid", values: np.ndarray | None = None, **axes: str,
) -> Moving:  # fmt: skip
    """A curve of shares over β that stands; `values` are what is read on it where that is not what is drawn."""
    texts = [f"{100 * share:.2g} %" for share in (drawn if values is None else values)]
    return add_read_curve(figure, run, drawn, texts, name, colour, width, dash, **axes)


def add_read_curve(
    figure: go.Figure, run: xr.Dataset, drawn: np.ndarray, texts: Sequence[str], name: str, colour: str,
    width: float = 2.0, dash: str = "solid", **axes: str,
) -> Moving:  # fmt: skip
    """A curve over β that stands, at whose places `texts` (beta,) are read; a single β is a dot."""
    symbol, places = json.loads(run.attrs["knob"])["symbol"], np.arange(len(drawn))
    figure.add_trace(go.Scatter(
        x=places, y=drawn, mode="lines" if len(places) > 1 else "markers", name=name,
        line={"color": colour, "width": width, "dash": dash}, marker={"color": colour, "size": 7},
        customdata=[f"{symbol} = {each}: {text}" for each, text in zip(knob_values(run), texts, strict=True)],
        hovertemplate=f"{name}<br>%{{customdata}}<extra></extra>", **axes,
    ))  # fmt: skip
    return Moving(len(figure.data) - 1)


def add_mark(figure: go.Figure, values: np.ndarray, name: str, colour: str, **axes: str) -> Moving:
    """The mark that follows β along a curve with these `values` (beta,)."""
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name=f"chosen β, {name}", hoverinfo="skip",
        marker={"size": 12, "color": colour, "line": {"width": 2, "color": GROUND}}, **axes,
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, x=np.arange(float(len(values)))[:, None], y=values[:, None])


def add_words(
    figure: go.Figure, text: str, x: float, y: float, position: str, colour: str = SOFT_INK, **axes: str
) -> Moving:
    """Words at a point of the plot, to the `position` of it that plotly calls so (top right)."""
    figure.add_trace(go.Scatter(
        x=[x], y=[float(y)], mode="text", text=[text], name=f"{text} in words", textposition=position,
        textfont={"size": SMALL, "color": colour}, hoverinfo="skip", meta=FURNITURE, **axes,
    ))  # fmt: skip
    return Moving(len(figure.data) - 1)


def above(text: str, y: float = 1.01, shift: int = -52) -> dict[str, object]:
    """A line over the plot, or over one of its parts; shifted to the edge of the figure, so that a phone has room."""
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "align": "left"}
    return note(text, 0, y, **place, xshift=shift, yshift=4 if shift else 0)


def measured(run: xr.Dataset, name: str, words: str) -> xr.Dataset:
    """`run`, if it has the variable `name`; raises InvalidValue, saying in `words` what it lacks."""
    if name not in run:
        raise InvalidValue(f"run '{run.attrs['id']}' has no {words}: it is measured after the training, of classes")
    return run
