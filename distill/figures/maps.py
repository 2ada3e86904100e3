"""The code map: one sampled code of every stored item, in the plane, in step along β."""

import json

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue, unknown
from distill.figures._animation import Animation, Moving, chosen, code_places
from distill.figures._style import FURNITURE, HIDDEN, blank
from distill.palette import INK, class_colour

__all__ = ["animated_map", "code_map", "map_kind"]

REACH, INSIDE = 1.06, 0.995  # half the width of the map; the share of items that its scale is chosen by


def code_map(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Sampled codes, one an item, coloured by the label or a factor; items are numerals where the classes are digits.

    Each β's layout is scaled to fill the frame, since the size of a code says nothing that its bits do not say better.
    UMAP where the run has it and it is asked for (last step only), else the code itself (K ≤ 2) or its principal plane.
    """
    return animated_map(run, choice).at(run, choice)


def map_kind(run: xr.Dataset, choice: Choice) -> str:
    """Which map is drawn: "code", "PCA" or "UMAP".

    Raises:
        InvalidValue: where UMAP is asked for and the run does not have it.
    """
    has = "map_umap" in run and not bool(np.isnan(run.map_umap.values).any())
    if choice.map == "umap" and not has:
        raise InvalidValue("map must be auto or pca for this run: its UMAP has not been computed")
    at_the_end = chosen(run, choice)[0] == run.sizes["step"] - 1
    return "UMAP" if has and choice.map != "pca" and at_the_end else str(run.codes_2d.attrs.get("method", "PCA"))


def animated_map(run: xr.Dataset, choice: Choice) -> Animation:
    """The map with one moving trace a class; where the classes have no numerals, with their names at their middles."""
    kind, (values, classes) = map_kind(run, choice), colouring(run, choice.colour)
    places = code_places(run)
    if kind == "UMAP":
        frames = {places[-1]: _spread_out(run.map_umap)}
    else:
        frames = {place: _spread_out(run.codes_2d.isel(code_step=i)) for i, place in enumerate(places)}
    figure = blank(left=6, right=6, top=6, bottom=6)
    figure.update_layout(xaxis=HIDDEN | {"range": [-REACH, REACH]}, yaxis=HIDDEN | {"range": [-REACH, REACH]})
    numerals = all(len(name) == 1 for name in classes)
    motions = [_one_class(figure, frames, values, index, name, numerals) for index, name in enumerate(classes)]
    if not numerals:
        motions.append(_names(figure, frames, values, classes))
    return Animation(figure, tuple(motions))


def colouring(run: xr.Dataset, colour: str) -> tuple[np.ndarray, list[str]]:
    """The value of every stored item by which it is coloured, and the names of the values.

    Raises:
        UnknownName: for a factor that the run does not carry.
    """
    name = run.attrs["label_name"] if colour == "label" else colour
    factors = [str(each) for each in run.factor.values]
    if name not in factors:
        raise unknown("factor to colour by", colour, ["label", *factors])
    return run.factors.sel(factor=name).values, json.loads(run.attrs["classes"])[name]


def _spread_out(layout: xr.DataArray) -> np.ndarray:
    """(beta, point, 2): each β's layout centred and scaled to fill the frame; the few outermost items on its edge."""
    points = layout.transpose("beta", "point", "axis").values.astype(float)
    points = points - np.median(points, axis=1, keepdims=True)
    reach = np.quantile(np.abs(points).max(-1), INSIDE, axis=1)[:, None, None]
    return np.clip(points / np.where(reach > 0, reach, 1), -1, 1)


def _one_class(
    figure: go.Figure, frames: dict[int, np.ndarray], values: np.ndarray, index: int, name: str, numeral: bool
) -> Moving:
    mine, colour = np.flatnonzero(values == index), class_colour(index)
    look = (
        {"mode": "text", "text": [name] * len(mine), "textfont": {"size": 12, "color": colour}}
        if numeral
        else {"mode": "markers", "marker": {"size": 6.5, "color": colour, "opacity": 0.8, "line": {"width": 0}}}
    )
    trace = len(figure.data)
    figure.add_trace(
        go.Scatter(
            x=[], y=[], name=name, customdata=mine.tolist(), hoverinfo="none", hovertext=[name] * len(mine), **look
        )
    )
    return Moving(
        trace, x={k: v[:, mine, 0] for k, v in frames.items()}, y={k: v[:, mine, 1] for k, v in frames.items()}
    )


def _names(figure: go.Figure, frames: dict[int, np.ndarray], values: np.ndarray, classes: list[str]) -> Moving:
    """The classes' names, each at the median of its items: a direct label instead of a legend."""
    present = np.unique(values)
    middles = {
        place: np.stack([np.median(points[:, values == index], axis=1) for index in present], axis=1)
        for place, points in frames.items()
    }
    trace = len(figure.data)
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="text", text=[classes[index] for index in present], name="class names",
        hoverinfo="skip", meta=FURNITURE, textfont={"size": 14, "color": INK, "weight": 600, "shadow": "auto"},
    ))  # fmt: skip
    return Moving(trace, x={k: v[..., 0] for k, v in middles.items()}, y={k: v[..., 1] for k, v in middles.items()})
