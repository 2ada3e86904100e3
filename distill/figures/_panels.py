"""What the small figures beside a plane gain on its page: critical βs, and areas that a stage can fill."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.figures._animation import Animation, Moving
from distill.figures._reach import critical_places
from distill.figures._style import note
from distill.palette import SOFT_INK

NEAR = 0.05  # of the axis: critical βs nearer than this to the first are not named as well


def mark_critical(animation: Animation, run: xr.Dataset, split: str) -> Animation:
    """The same with a line at every critical β, where the axis is of β, named above the plot."""
    figure = go.Figure(animation.figure)
    low, high = figure.layout.yaxis.range
    places = critical_places(run, split)
    lowest = min((place for place, _ in places), default=0.0)
    for place, beta in places:
        line = {"color": SOFT_INK, "width": 1, "dash": "dash"}
        look = {"mode": "lines", "hoverinfo": "skip", "line": line}
        figure.add_trace(go.Scatter(x=[place, place], y=[low, high], name=f"critical β = {beta:.3g}", **look))
        if place == lowest:
            words = f"β<sub>c</sub> = {beta:.2g}"
            figure.add_annotation(note(words, place, 1, yref="y domain", yanchor="bottom", xanchor="right", xshift=12))
        elif place - lowest > NEAR * run.sizes["beta"]:
            figure.add_annotation(note(f"{beta:.2g}", place, 1, yref="y domain", yanchor="bottom"))
    return Animation(figure, animation.motions)


def grounded(animation: Animation) -> Animation:
    """The same with each moving area down to zero as a closed outline, and its upper edge as a line of its own."""
    figure, motions = go.Figure(animation.figure), []
    for each in animation.motions:
        trace = figure.data[each.trace]
        if trace.fill != "tozeroy":
            motions.append(each)
            continue
        edge = go.Scatter(trace).update(fill="none", name=f"{trace.name}, edge")
        ends = [trace.x[-1], trace.x[0]]
        trace.update(x=[*trace.x, *ends], fill="toself", line_width=0)
        flat = np.zeros((*each.y.shape[:-1], 2))
        motions.append(replace(each, y=np.concatenate([each.y, flat], axis=-1)))
        figure.add_trace(edge)
        motions.append(Moving(len(figure.data) - 1, y=each.y))
    return Animation(figure, tuple(motions))
