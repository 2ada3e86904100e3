"""What is seen on training items and not on test items, over β: bits kept, bits of the label, and the error."""

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._over_beta import beta_axis, line_at_beta
from distill.figures._style import SMALL, axis, blank, knob_values, note
from distill.palette import GRID, GROUND, INK, SOFT_INK

__all__ = ["animated_gap", "train_test_gap"]

ROOM = 0.2  # of the span of all gaps, left free above and below for words


class Row(NamedTuple):
    """One curve: train − test of a variable, times `factor`, in `unit`; drawn on axis "y" or "y2"."""

    variable: str
    words: str
    unit: str
    factor: float
    axis: str
    colour: str
    dash: str


ROWS = (
    Row("information_x", "I(X;Z)", "bits", 1.0, "y", INK, "solid"),
    Row("information_y", "I(Z;Y)", "bits", 1.0, "y", SOFT_INK, "dot"),
    Row("error_one", "error with one code", "points", 100.0, "y2", INK, "solid"),
)


def train_test_gap(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Train − test over β: of I(X;Z) and I(Z;Y) in bits, and of the error with one code in percentage points.

    Both splits are measured on the same number of items, without which their bits could not be compared. The bands
    are one standard error of the difference of two independent sets of items (over seeds: one standard deviation).
    """
    return animated_gap(run).at(run, choice)


def animated_gap(run: xr.Dataset) -> Animation:
    """The curves and bands move with the step, the marks with β too; what a run has not measured is left out."""
    rows = [row for row in ROWS if bool(np.isfinite(difference(run, row)[0][-1]).any())]
    below, figure = any(row.axis == "y2" for row in rows), blank(left=56, right=20, top=20)
    ends = {name: _ends(run, rows, name) for name in ("y", "y2")[: 1 + below]}
    motions = [line_at_beta(figure, run, each, xaxis="x", yaxis=name) for name, each in ends.items()]
    for row in rows:
        motions += _row(figure, run, row)
    zero = {"zeroline": True, "zerolinecolor": SOFT_INK}
    figure.update_layout(
        xaxis=beta_axis(run, anchor="y2" if below else "y"),
        yaxis=axis("bits", *ends["y"], domain=[0.42 if below else 0.0, 1.0], nticks=5, **zero),
        annotations=_labels(run, rows),
    )
    if below:
        figure.update_layout(yaxis2=axis("points", *ends["y2"], domain=[0.0, 0.32], nticks=4, anchor="x", **zero))
    return Animation(figure, tuple(motions))


def difference(run: xr.Dataset, row: Row) -> tuple[np.ndarray, np.ndarray]:
    """(step, beta): train − test in the row's unit, and one standard error of it, NaN where none was measured.

    Of several seeds, the mean of their differences and the standard deviation.
    """
    train, test = (row.factor * run[row.variable].sel(split=split) for split in ("train", "test"))
    if "seed" in run[row.variable].dims:
        found = (train - test).mean("seed"), (train - test).std("seed", ddof=1)
    else:
        found = train - test, row.factor * _error(run, row.variable)
    value, error = (each.transpose("step", "beta").values for each in found)
    return value, error


def _error(run: xr.Dataset, variable: str) -> xr.DataArray:
    """Of the two splits together, whose items are independent."""
    if f"{variable}_error" in run:
        return np.sqrt(np.square(run[f"{variable}_error"]).sum("split", skipna=False))
    share = run[variable].clip(0, 1)
    return np.sqrt((share * (1 - share) / run.samples).sum("split", skipna=False))


def _row(figure: go.Figure, run: xr.Dataset, row: Row) -> list[Moving]:
    """The band, where its width is known, the curve and the mark of one difference."""
    (value, error), places = difference(run, row), np.arange(float(run.sizes["beta"]))
    first, there, band = len(figure.data), {"xaxis": "x", "yaxis": row.axis, "hoverinfo": "skip"}, []
    if np.isfinite(error[-1]).all():
        figure.add_trace(go.Scatter(
            x=np.r_[places, places[::-1]], y=[], mode="lines", name=f"{row.words}, ± 1 standard error",
            line={"width": 0, "color": row.colour}, fill="toself", fillcolor=GRID, opacity=0.5, **there,
        ))  # fmt: skip
        band = [Moving(first, y=np.concatenate([value + error, (value - error)[:, ::-1]], axis=1)[:, None])]
    one = len(places) == 1
    figure.add_trace(go.Scatter(
        x=places, y=[], mode="markers" if one else "lines", name=f"{row.words}, train − test, {row.unit}",
        line={"color": row.colour, "width": 1.8, "dash": row.dash}, marker={"color": row.colour, "size": 7},
        customdata=knob_values(run), **there,
    ))  # fmt: skip
    marker = {"size": 10, "color": row.colour, "line": {"width": 1.5, "color": GROUND}}
    figure.add_trace(go.Scatter(x=[], y=[], mode="markers", name=f"chosen β, {row.words}", marker=marker, **there))
    after = len(figure.data)
    return [*band, Moving(after - 2, y=value[:, None]), Moving(after - 1, x=places[:, None], y=value[..., None])]


def _ends(run: xr.Dataset, rows: list[Row], along: str) -> tuple[float, float]:
    """Ends of an axis that hold zero, and every gap with its band at any step."""
    found = [difference(run, row) for row in rows if row.axis == along]
    values = np.concatenate([(value + side * np.nan_to_num(e)).ravel() for value, e in found for side in (-1, 1)])
    values = values[np.isfinite(values)]
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = ROOM * max(high - low, 1e-3)
    return low - room, high + room


def _labels(run: xr.Dataset, rows: list[Row]) -> list[dict[str, object]]:
    """Words at the curves, at the last step, each on the side where the other is not."""
    upper, found = [row for row in rows if row.axis == "y"], []
    levels = [np.nan_to_num(difference(run, row)[0][-1]) for row in upper]
    apart = np.abs(levels[0] - levels[-1])
    around = [apart[max(0, i - 2) : i + 3].min() for i in range(len(apart))]  # where they stay apart for a word's width
    inner = slice(len(around) // 6, -(len(around) // 6) or None)  # clear of the edges, where lines of βs stand
    place = inner.start + int(np.argmax(around[inner]))
    for row, level, other in zip(upper, levels, levels[::-1], strict=True):
        above = level[place] >= other[place]
        look = {"yanchor": "bottom" if above else "top", "yshift": 5 if above else -5}
        found.append(note(row.words, place, float(level[place]), font={"size": SMALL, "color": row.colour}, **look))
    for row in rows:
        if row.axis == "y2":
            look = {"yref": "y2", "xanchor": "left", "yanchor": "top", "font": {"size": SMALL, "color": INK}}
            found.append(note(f"{row.words}, %", 0, _ends(run, rows, "y2")[1], **look))
    return found
