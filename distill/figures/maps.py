"""The code map: one sampled code of every stored item, in the plane, in step along β."""

from collections.abc import Callable
from itertools import combinations, product

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation, Moving, chosen, code_places
from distill.figures._colouring import Colouring, colouring
from distill.figures._items import item_facts
from distill.figures._style import FURNITURE, HIDDEN, blank
from distill.palette import GRID, INK

__all__ = ["animated_map", "code_map", "map_kind"]

REACH, INSIDE = 1.06, 0.995  # half the width of the map; the share of items that its scale is chosen by
EDGE = 0.577  # half the edge of a cube whose corners lie on the ball of radius 1
FULLEST = 0.6  # radius of a disc that holds every item
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
NUDGE, GAP, ROUNDS = 1e-4, 1.08, 60  # which moves equal places apart; between discs, in their radii; of pushing


def code_map(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Sampled codes, one an item, coloured by the label, a factor, or a reading of the items: bits, error, uncertainty.

    Items are numerals where the classes are digits. Each β's layout is scaled to fill the frame, since the size of a
    code says nothing that its bits do not say better. UMAP where the run has it and it is asked for (last step only),
    else the code itself (K ≤ 2) or its principal plane. Items whose code is the same symbol are a disc about its place;
    where in the disc an item lies means nothing.

    Raises:
        UnknownName, InvalidValue: for a colour or a map that the run does not have.
    """
    figure = animated_map(run, choice).at(run, choice)
    if colouring(run, choice.colour).readings:
        explained(figure)
    return figure


def explained(figure: go.Figure) -> None:
    """Says under a map what its colours mean."""
    figure.update_layout(
        showlegend=True, margin={"b": 40},
        legend={"orientation": "h", "x": 0, "y": -0.01, "yanchor": "top", "itemsizing": "constant"},
    )  # fmt: skip


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


def animated_map(run: xr.Dataset, choice: Choice, solid: np.ndarray | None = None) -> Animation:
    """The map with one moving trace a value; where the values have no numerals, with their names at their middles.

    `solid` (beta, point, 3) is drawn instead of the run's own maps: a map of three dimensions, of its last step.
    """
    colours, places = colouring(run, choice.colour), code_places(run)
    kind = "solid" if solid is not None else map_kind(run, choice)
    if solid is not None:
        frames = {places[-1]: rounded_out(solid)}
    elif kind == "UMAP":
        frames = {places[-1]: spread_out(run.map_umap)}
    else:
        frames = {place: spread_out(run.codes_2d.isel(code_step=i)) for i, place in enumerate(places)}
    if kind == "symbols":
        frames = {place: np.stack([_discs(points) for points in each]) for place, each in frames.items()}
    figure = blank(left=6, right=6, top=6, bottom=6)
    figure.update_layout(xaxis=HIDDEN | {"range": [-REACH, REACH]}, yaxis=HIDDEN | {"range": [-REACH, REACH]})
    numerals = all(len(name) == 1 for name in (colouring(run, "label") if colours.readings else colours).names)
    words, facts = _words(run, colours, numerals), item_facts(run)
    motions = [*_cube(figure, solid)] if solid is not None else []
    motions += [
        _one_value(figure, frames, colours, index, words, facts, numerals) for index in range(len(colours.names))
    ]
    if not numerals and not colours.readings:
        motions.append(_names(figure, frames, colours))
    return Animation(figure, tuple(motions))


def _words(run: xr.Dataset, colours: Colouring, numerals: bool) -> list[str]:
    """What is said of every item, and drawn where it is a numeral: its value, or its label where it is read."""
    shown = colouring(run, "label") if colours.readings else colours
    return [shown.names[value] for value in shown.values]


def spread_out(layout: xr.DataArray) -> np.ndarray:
    """(beta, point, 2): each β's layout centred and scaled to fill the frame; the few outermost items on its edge."""
    points = layout.transpose("beta", "point", "axis").values.astype(float)
    middle, reach = framed(points)
    return np.clip((points - middle) / reach, -1, 1)


def framed(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middle (beta, 1, 2) and half the width (beta, 1, 1) of the frame that each β's points (beta, point, 2) fill."""
    middle = np.median(points, axis=1, keepdims=True)
    reach = np.quantile(np.abs(points - middle).max(-1), INSIDE, axis=1)[:, None, None]
    return middle, np.where(reach > 0, reach, 1)


def rounded_out(solid: np.ndarray) -> np.ndarray:
    """(beta, point, 3): each β's layout centred and scaled into a ball of radius 1, where any turn leaves it."""
    points = solid - np.median(solid, axis=1, keepdims=True)
    far = np.linalg.norm(points, axis=-1)
    reach = np.quantile(far, INSIDE, axis=1)[:, None]
    share = far / np.where(reach > 0, reach, 1)
    return points / np.where(reach > 0, reach, 1)[..., None] / np.maximum(share, 1)[..., None]


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


def _one_value(
    figure: go.Figure, frames: dict[int, np.ndarray], colours: Colouring, index: int, words: list[str],
    facts: list[str], numerals: bool,
) -> Moving:  # fmt: skip
    """The items of one value; of a reading every item, wherever it has this value, and nowhere else."""
    mine = np.arange(len(words)) if colours.readings else np.flatnonzero(colours.values == index)
    said, colour = [words[item] for item in mine], colours.colours[index]
    look = (
        {"mode": "text", "text": said, "textfont": {"size": 12, "color": colour}}
        if numerals
        else {"mode": "markers", "marker": {"size": 6.5, "color": colour, "opacity": 0.8, "line": {"width": 0}}}
    )
    trace = len(figure.data)
    figure.add_trace(go.Scatter(
        x=[], y=[], name=colours.names[index], customdata=mine.tolist(), hoverinfo="none",
        hovertext=[f"{word}{facts[item]}" for word, item in zip(said, mine, strict=True)], **look,
    ))  # fmt: skip

    def along(axis: int) -> dict[int, np.ndarray]:
        taken = {place: points[:, mine, axis] for place, points in frames.items()}
        if colours.readings:
            taken = {place: np.where(colours.values == index, each, np.nan) for place, each in taken.items()}
        return taken

    return _moving(trace, frames, along)


def _moving(trace: int, frames: dict[int, np.ndarray], along: Callable[[int], dict[int, np.ndarray]]) -> Moving:
    """A trace that moves along the axes that its frames have."""
    deep = next(iter(frames.values())).shape[-1] == 3
    return Moving(trace, x=along(0), y=along(1), z=along(2) if deep else None)


def _names(figure: go.Figure, frames: dict[int, np.ndarray], colours: Colouring) -> Moving:
    """The classes' names, each at the median of its items: a direct label instead of a legend."""
    present = np.unique(colours.values)
    middles = {
        place: np.stack([np.median(points[:, colours.values == index], axis=1) for index in present], axis=1)
        for place, points in frames.items()
    }
    trace = len(figure.data)
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="text", text=[colours.names[index] for index in present], name="class names",
        hoverinfo="skip", meta=FURNITURE, textfont={"size": 14, "color": INK, "weight": 600, "shadow": "auto"},
    ))  # fmt: skip
    return _moving(trace, frames, lambda axis: {place: each[..., axis] for place, each in middles.items()})


def _cube(figure: go.Figure, solid: np.ndarray) -> list[Moving]:
    """The edges of a cube within the ball, by which a turn is seen."""
    corners = np.array(list(product((-1, 1), repeat=3)))
    edges = [(a, b) for a, b in combinations(corners, 2) if np.abs(a - b).sum() == 2]
    lines = EDGE * np.array([row for a, b in edges for row in (a, b, np.full(3, np.nan))])
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="lines", name="cube", hoverinfo="skip", meta=FURNITURE, line={"color": GRID, "width": 1},
    ))  # fmt: skip
    x, y, z = (np.repeat(each[None], len(solid), axis=0) for each in lines.T)
    return [Moving(len(figure.data) - 1, x=x, y=y, z=z)]
