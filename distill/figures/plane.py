"""The information plane: what the code keeps of the label over what it keeps of the input."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._style import FURNITURE, SMALL, axis, blank, knob_value, note
from distill.measures.convergence import still_falling
from distill.palette import BETA_RAMP, GRID, GROUND, INK, SOFT_INK, beta_colours

__all__ = ["animated_plane", "information_plane"]


def information_plane(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """I(Z;Y) over I(X;Z), bits, at the chosen β and step.

    Trails are the path of every β through its training; the marks are where each stands now, open where I(X;Z) is
    still falling. The chosen β has its trail, its mark and its bracket [measured I(X;Z), rate], whose upper end is a
    variational bound. No point can lie above min(I(X;Z), H(Y)); no estimate can lie right of log2 N.
    """
    return animated_plane(run, choice.split).at(run, choice)


def animated_plane(run: xr.Dataset, split: str = "test") -> Animation:
    """The plane: the curve and the ceiling move with the step; trail, bracket and mark with the chosen β too."""
    at = run.sel(split=split).transpose("step", "beta", ...)
    entropy, right = float(at.entropy_y.values[-1]), _widest(run, split)
    top, figure = 1.08 * entropy, blank()
    figure.update_layout(
        xaxis=axis("I(X;Z), bits kept of the input", 0, right, dtick=1 if right < 12 else 2),
        yaxis=axis("I(Z;Y), bits kept of the label", 0, top),
    )
    _limits(figure, entropy, right, top)
    _trails(figure, at)
    return Animation(figure, (*_ceiling(figure, at, top), *_curve(figure, run, at), *_chosen(figure, at, right)))


def _widest(run: xr.Dataset, split: str) -> float:
    return float(np.log2(max(run.samples.sel(split=split).values[-1], run.attrs.get("points", 0)))) + 0.5


def _limits(figure: go.Figure, entropy: float, right: float, top: float) -> None:
    """The region that no code can reach, and the entropy of the label."""
    figure.add_trace(
        _line([0, entropy, right, right, 0, 0], [0, entropy, entropy, top, top, 0], "rgba(0,0,0,0)", "out of reach")
    )
    figure.data[-1].update(fill="toself", fillcolor=GRID, opacity=0.55, meta=FURNITURE)
    figure.add_trace(_line([0, entropy, right], [0, entropy, entropy], SOFT_INK, "limit min(I(X;Z), H(Y))", width=1))
    figure.update_layout(annotations=[
        note("out of reach", 0.1, top, xanchor="left", yanchor="top"),
        note(f"H(Y) = {entropy:.2f}", 0.6 * right, top, xanchor="center", yanchor="top"),
    ])  # fmt: skip


def _ceiling(figure: go.Figure, at: xr.Dataset, top: float) -> tuple[Moving, ...]:
    """log2 N of the items that the step was measured on, right of which no estimate can lie."""
    ceiling, first = np.log2(at.samples.values.astype(float))[:, None, None], len(figure.data)
    figure.add_trace(_line([], [0, top], SOFT_INK, "log2 N", width=1, dash="dot"))
    figure.add_trace(go.Scatter(
        x=[], y=[0.03 * top], mode="text", name="log2 N in words", textposition="middle left", hoverinfo="skip",
        textfont={"size": SMALL, "color": SOFT_INK}, meta=FURNITURE,
    ))  # fmt: skip
    words = [[[f"log₂ N = {value:.1f}"]] for value in ceiling.ravel()]
    return Moving(first, x=np.repeat(ceiling, 2, axis=-1)), Moving(first + 1, x=ceiling - 0.06, text=words)


def _trails(figure: go.Figure, at: xr.Dataset) -> None:
    """Every β's path, in as many traces as the ramp has colours. Snapshots of equal N only: estimates depend on N."""
    path, colours = _path(at), beta_colours(at.sizes["beta"])
    for colour in BETA_RAMP:
        mine = [i for i, each in enumerate(colours) if each == colour]
        x, y = ([v for i in mine for v in (*path[i, :, axis_], None)] for axis_ in (0, 1))
        figure.add_trace(_line(x, y, colour, "trail", width=1))
        figure.data[-1].update(opacity=0.4)


def _places(at: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Where every β stands at every step, (step, beta) each; a code without noise at the ceiling and at H(Y) − CE."""
    x, y = at.information_x.values, at.information_y.values
    noiseless, ceiling = np.isnan(x), np.log2(at.samples.values.astype(float))[:, None]
    return np.where(noiseless, ceiling, x), np.where(noiseless, at.bound_y.values, y)


def _curve(figure: go.Figure, run: xr.Dataset, at: xr.Dataset) -> tuple[Moving, ...]:
    """Where every β stands at the chosen step; hovering one previews it."""
    falling = still_falling(run, str(at.split.values)).values
    noiseless, colours = np.isnan(at.information_x.values[-1]), beta_colours(at.sizes["beta"])
    first = len(figure.data)
    figure.add_trace(_line([], [], SOFT_INK, "learned curve", width=1.2))
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name="every β", customdata=list(range(len(colours))), hoverinfo="none",
        hovertext=[_words(run, i, bool(falling[i]), bool(noiseless[i])) for i in range(len(colours))],
        marker={"size": 7, "symbol": ["circle-open" if each else "circle" for each in falling | noiseless],
                "color": colours, "line": {"width": 1.4, "color": colours}},
    ))  # fmt: skip
    x, y = (values[:, None, :] for values in _places(at))
    return Moving(first, x=x, y=y), Moving(first + 1, x=x, y=y)


def _words(run: xr.Dataset, index: int, falling: bool, noiseless: bool) -> str:
    """What the mark of a β says where it is pointed at; its numbers are then in the headline."""
    if noiseless:
        return "no noise in the code: I(X;Z) is not a number,<br>drawn at the ceiling and at H(Y) − CE"
    return f"β = {knob_value(run, index)}" + ("<br>I(X;Z) still falling at the end" if falling else "")


def _chosen(figure: go.Figure, at: xr.Dataset, right: float) -> tuple[Moving, ...]:
    """Trail, bracket and mark of the chosen β."""
    path, (x, y) = _path(at), _places(at)
    noiseless = np.isnan(at.information_x.values)
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
