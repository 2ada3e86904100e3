"""What to measure a plane against: standard errors, the necessary minimum, critical βs, the best, the key of β."""

import json

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.figures._animation import Moving
from distill.figures._reach import Reach
from distill.figures._style import FURNITURE, SMALL, knob_value, note
from distill.palette import BETA_RAMP, INK, SOFT_INK

Pair = tuple[np.ndarray, np.ndarray]  # x and y


def spreads(at: xr.Dataset) -> tuple[np.ndarray, np.ndarray, str]:
    """(step, beta) half lengths of the bars along x and y, and what they are, in words."""
    suffix, words = "error", "± 1 standard error"
    if "information_x_spread" in at:
        suffix, words = "spread", "± 1 standard deviation over seeds"
    elif "estimator" in at.attrs:
        words += " over noise draws"
    x, y = (at[f"information_{axis}_{suffix}"].transpose("step", "beta").values for axis in "xy")
    return x, y, words


def errors(figure: go.Figure, at: xr.Dataset, where: Pair) -> tuple[Moving, ...]:
    """A cross of bars at every β, as one line with gaps: first those along x, then those along y."""
    (x, y), (wide, tall, words) = where, spreads(at)
    gap = np.full(x.shape, np.nan)
    across = np.stack([x - wide, x + wide, gap, x, x, gap], axis=-1)
    up = np.stack([y, y, gap, y - tall, y + tall, gap], axis=-1)
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="lines", name=words, hoverinfo="skip", line={"color": SOFT_INK, "width": 1.2}, opacity=0.6
    ))  # fmt: skip
    flat = (len(x), 1, -1)
    return (Moving(len(figure.data) - 1, x=across.reshape(flat), y=up.reshape(flat)),)


def necessary(figure: go.Figure, limit: Pair, bits: Reach, at: xr.Dataset) -> None:
    """The minimum necessary information, I(X;Z) = I(Z;Y) = I(X;Y) (Fischer 2020), and where directions enter."""
    share = "bits_x" in at
    x = bits.total / (float(at.bits_x[-1]) if share else 1.0)
    y = bits.total / (float(at.bits_y[-1]) if share else 1.0)
    marker = {"size": 12, "symbol": "square-open", "color": INK, "line": {"width": 1.6, "color": INK}}
    figure.add_trace(
        go.Scatter(x=[x], y=[y], mode="markers", name="minimum necessary information", hoverinfo="skip", marker=marker)
    )
    # beside the corner there is room on its left; a point that cannot be reached has it on both sides
    side, shift = ("left", 12) if bits.known else ("right", -12)
    look = {"xanchor": side, "xshift": shift, "yanchor": "top", "yshift": 6, "align": side}
    figure.add_annotation(note("minimum<br>necessary", x, y, **look))
    if bits.known and len(bits.critical) > 1:
        _entries(figure, limit, bits)


def _entries(figure: go.Figure, limit: Pair, bits: Reach) -> None:
    """Ticks on the exact curve of a Gaussian where its second and later directions enter: its slope there is β."""
    x, y = limit[0][-1], limit[1][-1]
    slope = np.gradient(bits.y, bits.x)
    for critical in bits.critical[1:]:
        place = int(np.argmax(slope <= critical))
        if slope[place] > critical:
            continue  # beyond the right end
        marker = {"size": 11, "symbol": "line-ns", "color": INK, "line": {"width": 1.6, "color": INK}}
        at = {"x": [x[place]], "y": [y[place]], "name": f"β_c = {critical:.3g}"}
        figure.add_trace(go.Scatter(**at, mode="markers", hoverinfo="skip", marker=marker))
        label = note(f"β<sub>c</sub> = {critical:.2g}", x[place], y[place], yanchor="top", xanchor="left", yshift=-9)
        figure.add_annotation(label)


def distance(figure: go.Figure, limit: Pair, where: Pair) -> tuple[Moving, ...]:
    """A line from the chosen β up to the most that so many bits could tell of the label."""
    (x, y), (known_x, known_y) = where, (np.broadcast_to(each, (len(where[0]), each.shape[1])) for each in limit)
    best = np.stack([np.interp(row, a, b) for row, a, b in zip(x, known_x, known_y, strict=True)])
    line = {"color": INK, "width": 1.4, "dash": "dot"}
    figure.add_trace(go.Scatter(x=[], y=[], mode="lines", name="up to the best", hoverinfo="skip", line=line))
    lines = np.stack([x, x], axis=-1), np.stack([y, np.maximum(best, y)], axis=-1)
    return (Moving(len(figure.data) - 1, x=lines[0], y=lines[1]),)


def key(figure: go.Figure, run: xr.Dataset, right: float, top: float) -> None:
    """The colours of β, from weak to strong, in the corner where codes seldom are."""
    if run.sizes["beta"] < 2:
        return
    x = right * (0.7 + 0.022 * np.arange(len(BETA_RAMP)))
    marker = {"symbol": "square", "size": 9, "color": list(BETA_RAMP)}
    figure.add_trace(go.Scatter(
        x=x, y=[0.13 * top] * len(x), mode="markers", name="colours of β", hoverinfo="skip", marker=marker,
        meta=FURNITURE,
    ))  # fmt: skip
    ends = knob_value(run, 0), knob_value(run, run.sizes["beta"] - 1)
    symbol = json.loads(run.attrs["knob"])["symbol"]
    for words, place, side, shift in ((f"{symbol} = {ends[0]}", x[0], "right", -9), (ends[1], x[-1], "left", 9)):
        look = {"font": {"size": SMALL, "color": SOFT_INK}, "xanchor": side, "xshift": shift}
        figure.add_annotation(note(words, float(place), 0.13 * top, **look))
