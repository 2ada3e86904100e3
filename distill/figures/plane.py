"""The information plane: what the code keeps of the label over what it keeps of the input."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._style import FURNITURE, axis, blank, knob_value, note
from distill.measures.convergence import still_falling
from distill.palette import BETA_RAMP, GRID, GROUND, INK, SOFT_INK, beta_colours

__all__ = ["animated_plane", "information_plane"]

TRAILS = len(BETA_RAMP)


def information_plane(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """I(Z;Y) over I(X;Z), bits, at the chosen β and step.

    Trails are the path of every β through its training; the marks are where each stands now, open where I(X;Z) is
    still falling. The chosen β has its trail, its mark and its bracket [measured I(X;Z), rate], whose upper end is a
    variational bound. No point can lie above min(I(X;Z), H(Y)); no estimate can lie right of log2 N.
    """
    return animated_plane(run, choice.split).at(run, choice)


def animated_plane(run: xr.Dataset, split: str = "test") -> Animation:
    """The plane with the chosen β's trail, bracket and mark as moving traces."""
    at = run.sel(split=split)
    ceiling, entropy = float(np.log2(at.samples.values[-1])), float(at.entropy_y.values[-1])
    figure = blank()
    right, top = _widest(run, split), 1.08 * entropy
    figure.update_layout(
        xaxis=axis("I(X;Z), bits kept of the input", 0, right, dtick=1 if right < 12 else 2),
        yaxis=axis("I(Z;Y), bits kept of the label", 0, top),
    )
    _limits(figure, ceiling, entropy, right, top)
    _trails(figure, at)
    _curve(figure, run, at, split, ceiling)
    return Animation(figure, _moving(figure, at, ceiling, right))


def _widest(run: xr.Dataset, split: str) -> float:
    return float(np.log2(max(run.samples.sel(split=split).values[-1], run.attrs.get("points", 0)))) + 0.5


def _limits(figure: go.Figure, ceiling: float, entropy: float, right: float, top: float) -> None:
    """The region no code can reach, the entropy of the label, and the ceiling of the estimate."""
    figure.add_trace(
        _line([0, entropy, right, right, 0, 0], [0, entropy, entropy, top, top, 0], "rgba(0,0,0,0)", "out of reach")
    )
    figure.data[-1].update(fill="toself", fillcolor=GRID, opacity=0.55, meta=FURNITURE)
    figure.add_trace(_line([0, entropy, right], [0, entropy, entropy], SOFT_INK, "limit min(I(X;Z), H(Y))", width=1))
    figure.add_trace(_line([ceiling, ceiling], [0, top], SOFT_INK, "log2 N", width=1, dash="dot"))
    figure.update_layout(annotations=[
        note("out of reach", 0.1, top, xanchor="left", yanchor="top"),
        note(f"H(Y) = {entropy:.2f}", ceiling - 0.1, top, xanchor="right", yanchor="top"),
        note(f"log₂ N = {ceiling:.1f}", ceiling - 0.1, 0, xanchor="right", yanchor="bottom"),
    ])  # fmt: skip


def _trails(figure: go.Figure, at: xr.Dataset) -> None:
    """Every β's path, in as many traces as the ramp has colours. Snapshots of equal N only: estimates depend on N."""
    path, colours = _path(at), beta_colours(at.sizes["beta"])
    for colour in BETA_RAMP:
        mine = [i for i, each in enumerate(colours) if each == colour]
        x, y = ([v for i in mine for v in (*path[i, :, axis_], None)] for axis_ in (0, 1))
        figure.add_trace(_line(x, y, colour, "trail", width=1))
        figure.data[-1].update(opacity=0.4)


def _curve(figure: go.Figure, run: xr.Dataset, at: xr.Dataset, split: str, ceiling: float) -> None:
    """Where every β stands at the last snapshot; hovering one previews it."""
    last, falling = at.isel(step=-1), still_falling(run, split).values
    x, y = last.information_x.values, last.information_y.values
    open_ = falling | np.isnan(x)
    noiseless = np.isnan(x)
    x, y = np.where(noiseless, ceiling, x), np.where(noiseless, last.bound_y.values, y)
    figure.add_trace(_line(x, y, SOFT_INK, "learned curve", width=1.2))
    colours = beta_colours(len(x))
    figure.add_trace(go.Scatter(
        x=x, y=y, mode="markers", name="every β", customdata=list(range(len(x))), hoverinfo="none",
        hovertext=[_words(run, last, i, bool(falling[i])) for i in range(len(x))],
        marker={"size": 7, "symbol": ["circle-open" if each else "circle" for each in open_], "color": colours,
                "line": {"width": 1.4, "color": colours}},
    ))  # fmt: skip


def _words(run: xr.Dataset, last: xr.Dataset, index: int, falling: bool) -> str:
    here = last.isel(beta=index)
    x, y, rate = float(here.information_x), float(here.information_y), float(here.rate)
    if np.isnan(x):
        return (
            "no noise in the code: I(X;Z) is not a number,<br>drawn at the ceiling; I(Z;Y) ≥ "
            + f"{float(here.bound_y):.2f} bits"
        )
    more = "<br>I(X;Z) still falling" if falling else ""
    return f"β = {knob_value(run, index)}<br>I(X;Z) {x:.2f} bits, rate {rate:.3g}<br>I(Z;Y) {y:.2f} bits{more}"


def _moving(figure: go.Figure, at: xr.Dataset, ceiling: float, right: float) -> tuple[Moving, ...]:
    """Trail, bracket and mark of the chosen β."""
    path = _path(at)
    x, y = at.information_x.values, at.information_y.values
    noiseless = np.isnan(x)
    x, y = np.where(noiseless, ceiling, x), np.where(noiseless, at.bound_y.values, y)
    rate = np.where(noiseless, np.nan, np.minimum(at.rate.values, right))
    first = len(figure.data)
    figure.add_trace(_line([], [], INK, "trail of the chosen β", width=1.6))
    figure.add_trace(_line([], [], INK, "bracket from measured I(X;Z) to rate", width=2.4))
    figure.data[-1].update(opacity=0.45)
    look = {"symbol": "circle", "line": {"width": 2, "color": GROUND}}
    if noiseless.any():  # an open mark: the place stands for no estimate
        look = {"symbol": "circle-open", "line": {"width": 2.4, "color": INK}}
    marker = {"size": 15, "color": INK} | look
    figure.add_trace(go.Scatter(x=[], y=[], mode="markers", name="chosen β", hoverinfo="skip", marker=marker))
    return (
        Moving(first, x=path[..., 0], y=path[..., 1]),
        Moving(first + 1, x=np.stack([x, rate], axis=-1), y=np.stack([y, y], axis=-1)),
        Moving(first + 2, x=x[..., None], y=y[..., None]),
    )


def _path(at: xr.Dataset) -> np.ndarray:
    """(beta, step, 2): the snapshots that were measured on as many items as the first."""
    equal = at.isel(step=at.samples.values == at.samples.values[0])
    return np.stack(
        [equal.information_x.transpose("beta", "step").values, equal.information_y.transpose("beta", "step").values],
        axis=-1,
    )


def _line(x: list, y: list, colour: str, name: str, width: float = 1.0, dash: str = "solid") -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode="lines", name=name, hoverinfo="skip", line={"color": colour, "width": width, "dash": dash}
    )
