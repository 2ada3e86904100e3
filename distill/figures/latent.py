"""The code map at several βs side by side, in step, so that one look shows what moves."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving, chosen, taken
from distill.figures._colouring import Colouring, colouring
from distill.figures._style import FURNITURE, HIDDEN, SMALL, blank, knob_value, note
from distill.figures.maps import REACH, animated_map
from distill.palette import INK

__all__ = ["animated_row", "maps_over_beta", "places_shown"]

PANELS, GAP = 8, 0.012  # small maps in the row; between them, as a share of its width
WIDTH, HEIGHT = 1200, 200


def maps_over_beta(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Eight small maps from the weakest to the strongest compression, chained, so that places can be compared.

    The same maps and colours as `code_map`, of the last step; β is the same for the whole row and chooses nothing.

    Raises:
        UnknownName, InvalidValue: for a colour, a map, a β or a step that the run does not have.
    """
    chosen(run, choice)
    figure = animated_row(run, choice, places_shown(run)).at(run, choice)
    colours = colouring(run, choice.colour)
    for name, colour in zip(colours.names, colours.colours, strict=True):
        look = {"mode": "markers", "marker": {"size": 9, "color": colour}, "meta": FURNITURE}
        figure.add_trace(go.Scatter(x=[None], y=[None], name=name, showlegend=True, hoverinfo="skip", **look))
    figure.update_layout(
        width=WIDTH, height=HEIGHT + 30, showlegend=True, margin={"b": 34},
        legend={"orientation": "h", "x": 0, "y": -0.02, "yanchor": "top", "font": {"size": SMALL, "color": INK}},
    )  # fmt: skip
    return figure


def places_shown(run: xr.Dataset) -> list[int]:
    """The indices of the βs that have a small map: evenly from the first to the last."""
    return sorted({round(place) for place in np.linspace(0, run.sizes["beta"] - 1, PANELS)})


def animated_row(run: xr.Dataset, choice: Choice, places: list[int]) -> Animation:
    """A row of the maps of these βs, one trace each, given as moving, though none does, so that a stage can draw it."""
    choice = replace(choice, step=None)
    whole, colours = animated_map(run, choice), colouring(run, choice.colour)
    figure, motions = blank(left=4, right=4, top=22, bottom=4), []
    wide = (1 - GAP * (len(places) - 1)) / len(places)
    for k, place in enumerate(places):
        x, y, words = _laid_out(run, whole, place)
        start, name = k * (wide + GAP), "" if k == 0 else str(k + 1)
        figure.update_layout({
            f"xaxis{name}": HIDDEN | {"range": [-REACH, REACH], "domain": [start, start + wide], "anchor": f"y{name}"},
            f"yaxis{name}": HIDDEN | {"range": [-REACH, REACH], "domain": [0, 1], "anchor": f"x{name}"},
        })  # fmt: skip
        look = {"size": 4, "color": _colours(colours, place), "opacity": 0.85, "line": {"width": 0}}
        figure.add_trace(go.Scatter(
            x=x, y=y, mode="markers", name=f"β = {knob_value(run, place)}", customdata=list(range(len(x))),
            hovertext=words, hoverinfo="none", marker=look, xaxis=f"x{name}", yaxis=f"y{name}",
        ))  # fmt: skip
        motions.append(Moving(k))
        above = {"xref": "paper", "yref": "paper", "yanchor": "bottom"}
        figure.add_annotation(note(knob_value(run, place), start + wide / 2, 1, **above))
    return Animation(figure, tuple(motions))


def _laid_out(run: xr.Dataset, whole: Animation, place: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Where the map of β number `place` has each item, (point,) each, and what it says of it."""
    x, y = np.full((2, run.sizes["point"]), np.nan)
    words = [""] * len(x)
    for motion in whole.motions:
        trace = whole.figure.data[motion.trace]
        if trace.customdata is None:
            continue
        there = taken(motion.x, run.sizes["step"] - 1, place), taken(motion.y, run.sizes["step"] - 1, place)
        for item, across, up, said in zip(trace.customdata, *there, trace.hovertext, strict=True):
            if np.isfinite(across):
                x[item], y[item], words[item] = across, up, said
    return x, y, words


def _colours(colours: Colouring, place: int) -> list[str]:
    values = colours.values if colours.values.ndim == 1 else colours.values[place]
    return [colours.colours[value] if value >= 0 else "rgba(0, 0, 0, 0)" for value in values]
