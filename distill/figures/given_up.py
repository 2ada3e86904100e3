"""What is given up first and what last: the β at which each factor falls below half of its bits."""

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._factors import factor_colours, in_task, over_factors, places_of
from distill.figures._over_beta import beta_axis, line_at_beta, measured
from distill.figures._style import FURNITURE, SMALL, axis, in_knob
from distill.measures.retention import half_points as halves
from distill.measures.retention import retained
from distill.palette import GRID, GROUND, INK, LOST_IRRELEVANT, LOST_RELEVANT, SOFT_INK

__all__ = ["animated_half_points", "half_points"]

LETTER, GAP = 0.016, 0.03  # of the axis: what a letter of the words on it takes, and what stays free around them
RANKS = ("ranked", "above half to the end", "never above half")


class Row(NamedTuple):
    """One factor: until which place on the axis it is above half, and what is said of it; places are NaN for none."""

    name: str
    place: float
    low: float
    high: float
    until: float
    words: str
    colour: str
    lost: str


def half_points(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """A row a factor, given up first on top: a bar up to the β at which it falls below half of its bits, with a 90 %
    interval. Factors still above half at the strongest β follow; those that never were stand below, unranked.

    Where the chosen β has passed a row's end the row turns pale, and its name vermillion where Y consists of it.

    Raises:
        InvalidValue: for a run whose factors were not probed.
    """
    return animated_half_points(run).at(run, choice)


def animated_half_points(run: xr.Dataset, probe: str = "logistic") -> Animation:
    """Each row is drawn twice, in its colour while it is kept and pale when it is given up; NaN where it is not so."""
    rows = _rows(run, probe)
    ends, figure = (-0.6, len(rows) - 0.4), over_factors(run, top=2)
    hidden = {"showgrid": False, "showticklabels": False}
    figure.update_layout(xaxis=beta_axis(run), yaxis=axis("", *ends, **hidden))
    height = np.arange(float(len(rows)))[::-1]
    kept = np.arange(run.sizes["beta"])[:, None] <= np.array([row.until for row in rows])  # (beta, row)
    _pale(figure, rows, height, run.sizes["beta"])
    motions = [line_at_beta(figure, run, ends)]
    motions += [_bar(figure, row, up, now) for row, up, now in zip(rows, height, kept.T, strict=True)]
    motions += _dots(figure, rows, height, kept)
    motions += _names(figure, rows, height, kept)
    motions += _words(figure, rows, height, run.sizes["beta"])
    return Animation(figure, tuple(motions))


def _rows(run: xr.Dataset, probe: str) -> list[Row]:
    """The rows from the top: ranked by the β of the half, then what stays above it, then what never was."""
    found = halves(measured(run, "factor_kept", "probed factors"), probe)
    best = retained(run, probe).share.max("beta").values
    colours, asked, rows = factor_colours(run), in_task(run), []
    for i, name in enumerate(map(str, run.factor.values)):
        at = found.isel(factor=i)
        low, high = places_of(run.beta.values, [float(at.beta_low), float(at.beta_high)])
        lost = LOST_RELEVANT if asked[i] else LOST_IRRELEVANT
        status, place = str(at.status.item()), float(at.place)
        ends = {RANKS[0]: place, RANKS[1]: run.sizes["beta"] - 0.5, RANKS[2]: -0.5 - 1e-9}
        row = Row(name, place, low, high, ends[status], _said(run, at, best[i]), colours[i], lost)
        rows.append((RANKS.index(status), row.until, i, row))
    return [each[-1] for each in sorted(rows)]


def _said(run: xr.Dataset, at: xr.Dataset, best: float) -> str:
    """The β of the half in words, or what stands for it."""
    status = str(at.status.item())
    if status == RANKS[0]:
        return in_knob(run, float(at.beta))
    return status if status == RANKS[1] else f"{status}: {100 * best:.0f} % at most"


def _bar_end(row: Row, count: int) -> float:
    """Where the bar stops: at its dot, or before the words at the end of the axis that stand for one."""
    return row.until if np.isfinite(row.place) or row.until < 0 else row.until - (GAP + LETTER * len(row.words)) * count


def _pale(figure: go.Figure, rows: list[Row], height: np.ndarray, count: int) -> None:
    """Every bar, under those that are still in colour, so that one sees where a row ended."""
    figure.add_trace(go.Scatter(
        x=[v for row in rows for v in (-0.5, _bar_end(row, count), None)],
        y=[v for up in height for v in (up, up, None)], mode="lines", line={"color": GRID, "width": 5},
        name="above half", hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip


def _bar(figure: go.Figure, row: Row, up: float, kept: np.ndarray) -> Moving:
    """The bar of one row, where the chosen β has not passed its end; kept (beta,)."""
    figure.add_trace(go.Scatter(
        x=[-0.5, _bar_end(row, len(kept))], y=[], mode="lines", line={"color": row.colour, "width": 5},
        name=f"{row.name}, above half", hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, y=np.where(kept, up, np.nan)[:, None].repeat(2, axis=1))


def _dots(figure: go.Figure, rows: list[Row], height: np.ndarray, kept: np.ndarray) -> list[Moving]:
    """The half points with their intervals, in the row's colour and, where they have been passed, pale."""
    motions, place = [], np.array([row.place for row in rows])
    low, high = (np.array([getattr(row, end) for row in rows]) for end in ("low", "high"))
    for now, colours, name in (
        (kept, [row.colour for row in rows], "half of its bits"),
        (~kept, [row.lost for row in rows], "half of its bits, passed"),
    ):
        figure.add_trace(go.Scatter(
            x=[], y=height, mode="markers", name=name, hoverinfo="skip",
            marker={"size": 10, "color": colours, "line": {"width": 1.5, "color": GROUND}},
            error_x={"type": "data", "symmetric": False, "array": [], "arrayminus": [], "color": SOFT_INK,
                     "thickness": 1.5, "width": 0},
        ))  # fmt: skip
        x = np.where(now, place, np.nan)
        ends = {side: np.broadcast_to(each, now.shape) for side, each in (("low", low), ("high", high))}
        motions.append(Moving(len(figure.data) - 1, x=x, **ends))
    return motions


def _names(figure: go.Figure, rows: list[Row], height: np.ndarray, kept: np.ndarray) -> list[Moving]:
    """The factors' names at the left edge."""
    motions, words = [], [f"{row.name}\u00a0\u00a0" for row in rows]
    gone = [row.lost if row.lost == LOST_RELEVANT else SOFT_INK for row in rows]
    for now, colours, weight in ((kept, [row.colour for row in rows], 600), (~kept, gone, 400)):
        figure.add_trace(go.Scatter(
            x=[], y=height, mode="text", text=words, textposition="middle left", cliponaxis=False,
            textfont={"size": 13, "color": colours, "weight": weight}, name="factors", hoverinfo="skip", meta=FURNITURE,
        ))  # fmt: skip
        motions.append(Moving(len(figure.data) - 1, x=np.where(now, -0.5, np.nan)))
    return motions


def _words(figure: go.Figure, rows: list[Row], height: np.ndarray, count: int) -> list[Moving]:
    """The β of each half point at the right of its row, or on the row what stands for it; they do not move."""
    motions = []
    for side, places in (("right", _beyond(rows, count)), ("left", [row.until - GAP * count for row in rows])):
        mine = [i for i, row in enumerate(rows) if (np.isnan(row.place) and row.until > 0) == (side == "left")]
        figure.add_trace(go.Scatter(
            x=[places[i] for i in mine], y=height[mine], mode="text", meta=FURNITURE, cliponaxis=False,
            text=[rows[i].words for i in mine], textposition=f"middle {side}", name="half points in words",
            textfont={"size": SMALL, "weight": 600, "color": [SOFT_INK if rows[i].until < 0 else INK for i in mine]},
            hoverinfo="skip",
        ))  # fmt: skip
        motions.append(Moving(len(figure.data) - 1))
    return motions


def _beyond(rows: list[Row], count: int) -> list[float]:
    """Where words begin: of a half point in the margin, of a row that has no bar at its beginning."""
    return [count - 0.5 if np.isfinite(row.place) else -0.5 + GAP * count for row in rows]
