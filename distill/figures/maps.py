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
FULLEST = 0.6  # radius of a disc that holds every item
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
NUDGE, GAP, ROUNDS = 1e-4, 1.08, 60  # which moves equal places apart; between discs, in their radii; of pushing


def code_map(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Sampled codes, one an item, coloured by the label or a factor; items are numerals where the classes are digits.

    Each β's layout is scaled to fill the frame, since the size of a code says nothing that its bits do not say better.
    UMAP where the run has it and it is asked for (last step only), else the code itself (K ≤ 2) or its principal plane.
    Items whose code is the same symbol are a disc about its place; where in the disc an item lies means nothing.
    """
    return animated_map(run, choice).at(run, choice)


def map_kind(run: xr.Dataset, choice: Choice) -> str:
    """Which map is drawn: "code", "PCA", "symbols" or "UMAP".

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
    if kind == "symbols":
        frames = {place: np.stack([_discs(points) for points in each]) for place, each in frames.items()}
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


def _discs(points: np.ndarray) -> np.ndarray:
    """(N, 2): items at one point become a disc about it, whose area is their number; discs stand beside one another.

    Within a disc the items lie as the seeds of a sunflower (Vogel 1979), in the order of the run.
    """
    places, symbol, counts = np.unique(points.round(6), axis=0, return_inverse=True, return_counts=True)
    symbol, radii = symbol.ravel(), FULLEST * np.sqrt(counts / len(points))
    middles = _apart(places * (1 - radii.max()), radii)
    middles = middles - ((middles + radii[:, None]).max(0) + (middles - radii[:, None]).min(0)) / 2
    order = np.argsort(symbol, kind="stable")
    rank = np.empty(len(points))
    rank[order] = np.arange(len(points)) - np.repeat(np.cumsum(counts) - counts, counts)
    far, turn = radii[symbol] * np.sqrt((rank + 0.5) / counts[symbol]), GOLDEN_ANGLE * rank
    spread = middles[symbol] + far[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    return np.clip(spread, -1, 1)


def _apart(places: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Places (n, 2) moved no further than they must be for discs of these radii not to lie on one another."""
    places = places + NUDGE * np.stack([np.cos(np.arange(len(radii))), np.sin(np.arange(len(radii)))], axis=-1)
    wanted = GAP * (radii[:, None] + radii)
    np.fill_diagonal(wanted, 0)
    for _ in range(ROUNDS):
        between = places[:, None] - places
        far = np.hypot(between[..., 0], between[..., 1])
        push = np.maximum(wanted - far, 0) / np.where(far > 0, far, 1)
        places = np.clip(places + 0.5 * (push[..., None] * between).sum(1), radii[:, None] - 1, 1 - radii[:, None])
    return places


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
