"""Who counts as alike: what the nearest neighbours of an item have in common with it, at two strengths."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._style import FURNITURE, SMALL, axis, blank, knob_value
from distill.measures.neighbours import NEAREST, agreement
from distill.measures.tasks import task_weights
from distill.palette import GRID, INK, KEPT_RELEVANT, SOFT_INK

__all__ = ["alike", "animated_alike"]

LETTER = 7.2  # pixels, of the factors' names
WIDEST = 1.62  # beyond 1 stand the shares in words


def alike(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Share of an item's eight nearest, by sampled codes, that have its value of each factor: dots with 90 % intervals.

    Filled at the chosen β, open at the weakest; the tick is what others picked blindly have. Over all stored test
    items, at the end of the training.

    Raises:
        InvalidValue: for a β that the run does not have.
    """
    return animated_alike(run, agreement(run), 0).at(run, choice)


def animated_alike(run: xr.Dataset, found: xr.Dataset, other: int) -> Animation:
    """The dots of `found`, by distill.measures.agreement, follow β; the open ones stay at β number `other`."""
    names = [str(name) for name in found.factor.values]
    height = np.arange(len(names))[::-1].astype(float)
    figure = blank(left=16 + round(LETTER * max(map(len, names))), right=8, top=8, bottom=46)
    rows = {"tickvals": height.tolist(), "ticktext": names, "tickfont": {"size": 13, "color": INK}, "showgrid": False}
    shares = {"tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    figure.update_layout(
        xaxis=axis(f"share of the {NEAREST} nearest with its value", -0.03, WIDEST, **shares),
        yaxis=axis("", -0.6, len(names) - 0.4, **rows),
    )
    figure.add_trace(go.Scatter(
        x=[v for _ in names for v in (0, 1, None)], y=[v for row in height for v in (row, row, None)], mode="lines",
        name="scale", meta=FURNITURE, line={"color": GRID, "width": 3}, hoverinfo="skip",
    ))  # fmt: skip
    look = {"symbol": "line-ns", "size": 13, "color": SOFT_INK, "line": {"width": 2, "color": SOFT_INK}}
    _add_dots(figure, found.chance.values, height, "picked blindly", look)
    asked, share = task_weights(run), found.share.transpose("beta", "factor").values
    colours = [KEPT_RELEVANT if name in asked else INK for name in names]
    look = {"symbol": "circle-open", "size": 12, "color": colours, "line": {"width": 2, "color": colours}}
    _add_dots(figure, share[other], height, f"nearest at β = {knob_value(run, other)}", look)
    ends = {"type": "data", "symmetric": False, "array": [], "arrayminus": [], "color": SOFT_INK, "thickness": 2}
    _add_dots(figure, [], height, "nearest", {"size": 12, "color": colours}, error_x=ends | {"width": 0})
    figure.add_trace(go.Scatter(
        x=[1.06] * len(names), y=height, mode="text", name="in words", textposition="middle right", cliponaxis=False,
        textfont={"size": SMALL, "color": SOFT_INK}, hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip
    low, high = (found[name].transpose("beta", "factor").values for name in ("low", "high"))
    chance = [f"{100 * each:.0f}" for each in found.chance.values]
    words = [[f"{100 * each:.0f} %, blind {by}" for each, by in zip(row, chance, strict=True)] for row in share]
    dots = len(figure.data) - 2
    return Animation(figure, (Moving(dots, x=share, low=low, high=high), Moving(dots + 1, text=words)))


def _add_dots(figure: go.Figure, x: np.ndarray | list, y: np.ndarray, name: str, look: dict, **more: object) -> None:
    figure.add_trace(go.Scatter(x=x, y=y, mode="markers", name=name, marker=look, hoverinfo="skip", **more))
