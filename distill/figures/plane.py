"""The information plane: what the code keeps of the label over what it keeps of the input."""

from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures import _landmarks
from distill.figures._animation import Animation, Moving
from distill.figures._reach import Reach, reach
from distill.figures._shares import as_shares
from distill.figures._style import FURNITURE, SMALL, axis, blank, knob_value, line, note
from distill.figures.estimating import redrawn, truth_sides
from distill.figures.overlay import Curve, knob_of, lay_over
from distill.measures.convergence import still_falling
from distill.measures.limits import ceiling_x, ceiling_y
from distill.measures.seeds import averaged
from distill.palette import BETA_RAMP, GRID, GROUND, INK, SOFT_INK, beta_colours

__all__ = ["Look", "animated_plane", "information_plane"]

TITLES = {
    "bits": ("I(X;Z), bits kept of the input", "I(Z;Y), bits kept of the label"),
    "shares": ("I(X;Z) / H(X), kept of the input", "I(Z;Y) / H(Y), kept of the label"),
}
OTHER = {"test": "train", "train": "test"}


@dataclass(frozen=True)
class Look:
    """What a plane shows beside every β's path and place.

    scale: "bits", or "shares" of H(X) and H(Y). both: the other split's points too. landmarks: standard errors, the
    minimum necessary information, critical βs, the distance to the best, and a key of β. curves: other end curves.
    right: the right end of the axis, bits, where it is not the run's own.
    """

    scale: str = "bits"
    both: bool = False
    landmarks: bool = False
    curves: tuple[Curve, ...] = ()
    right: float | None = None


def information_plane(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """I(Z;Y) over I(X;Z), bits or shares, at the chosen β and step.

    Trails are the path of every β through its training; the marks are where each stands now, open where I(X;Z) is
    still falling. The chosen β has its trail, its mark and its bracket [measured I(X;Z), rate], whose upper end is a
    variational bound. No point can lie above the exact curve where the distribution is known, nor above
    min(I(X;Z), H(Y)) where labels are a function of the item; no estimate can lie right of log2 N. With another
    estimator than the mixture the last step's test items are drawn, whose codes the run keeps.
    """
    if choice.estimator != "mixture":
        look = Look(choice.scale, right=widest(averaged(run), "test"))
        run, choice = redrawn(run, choice.estimator), replace(choice, step=None, split="test")
        figure = animated_plane(run, "test", look).at(run, choice)
        return figure.update_layout(meta={"estimators": run.attrs["estimators"]})  # for its file
    return animated_plane(run, choice.split, Look(choice.scale)).at(run, choice)


def animated_plane(run: xr.Dataset, split: str = "test", look: Look = Look()) -> Animation:
    """The plane: the curve and the ceiling move with the step; trail, bracket and mark with the chosen β too."""
    run = averaged(run)
    right = look.right or widest(run, split)
    bits = reach(run, split, right)
    shown = as_shares(run) if look.scale == "shares" else run
    at = shown.sel(split=split).transpose("step", "beta", ...)
    limit = _limit(bits, at)
    right = 1.06 if look.scale == "shares" else right
    top, figure = 1.08 * (float(limit[1].max()) or 1.0), blank()  # where X says nothing about Y all lie at 0
    ticks = {"dtick": 0.2, "tickformat": ".0%"} if look.scale == "shares" else {}
    figure.update_layout(
        xaxis=axis(TITLES[look.scale][0], 0, right, **({"dtick": 1 if right < 12 else 2} | ticks)),
        yaxis=axis(TITLES[look.scale][1], 0, top, **ticks),
    )
    motions: tuple[Moving, ...] = ()
    _limits(figure, bits, at, limit, (right, top))
    _trails(figure, at)
    if look.curves:
        motions += lay_over(figure, look.curves, at.beta.values, knob_of(run))
    motions += _ceiling(figure, shown, at, top)
    if look.landmarks:
        motions += _landmarks.errors(figure, at, places(shown, split))
        motions += truth_sides(figure, *places(shown, split), shown.attrs.get("kind", ""))
        _landmarks.necessary(figure, limit, bits, at)
        _landmarks.key(figure, run, right, top)
    if look.both:
        motions += _other(figure, shown, OTHER[split])
    motions += _curve(figure, run, at, places(shown, split))
    if look.landmarks:
        motions += _landmarks.distance(figure, limit, places(shown, split))
    motions += _chosen(figure, shown, at, right, look.both)
    return Animation(figure, motions)


def places(run: xr.Dataset, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Where every β stands at every step, (step, beta) each; a code without noise at the ceiling and at H(Y) − CE."""
    at = run.sel(split=split).transpose("step", "beta", ...)
    x, y = at.information_x.values, at.information_y.values
    noiseless = np.isnan(x)
    return np.where(noiseless, ceiling_x(run, split).values[:, None], x), np.where(noiseless, at.bound_y.values, y)


def widest(run: xr.Dataset, split: str) -> float:
    """The right end of the axis, bits: beyond the ceiling, or beyond every estimate where there is no ceiling."""
    ceiling = ceiling_x(run, split).values.astype(float)
    if "joint" in run and np.isfinite(ceiling).all():
        return 1.06 * float(ceiling.max())
    if not np.isfinite(ceiling).all():
        largest = np.nanmax(run.information_x.sel(split=split).values, initial=1.0)
        return 1.06 * max(float(largest), 2 * float(ceiling_y(run, split)[-1]))
    return float(np.log2(max(run.samples.sel(split=split).values[-1], run.attrs.get("points", 0)))) + 0.5


def _limit(bits: Reach, at: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The boundary in the units of the plane, (step or 1, n) each: shares are of each step's own H(X) and H(Y)."""
    if "bits_x" not in at:
        return bits.x[None], bits.y[None]
    return bits.x / at.bits_x.values[:, None], bits.y / at.bits_y.values[:, None]


def _limits(
    figure: go.Figure, bits: Reach, at: xr.Dataset, limit: tuple[np.ndarray, np.ndarray], ends: tuple[float, float]
) -> None:
    """The region that no code can reach, and what bounds it; in shares, of the last step, whose N is the largest."""
    (x, y), (right, top) = (each[-1] for each in limit), ends
    along, up = np.r_[x, max(right, x[-1]), right, 0.0, x[0]], np.r_[y, y[-1], top, top, y[0]]
    name = "exact curve" if bits.known else "limit min(I(X;Z), H(Y))"
    figure.add_trace(line(along, up, "rgba(0,0,0,0)", "out of reach"))
    figure.data[-1].update(fill="toself", fillcolor=GRID, opacity=0.55, meta=FURNITURE)
    figure.add_trace(line(x, y, INK if bits.known else SOFT_INK, name, width=1.8 if bits.known else 1))
    share, symbol = "bits_x" in at, "I(X;Y)" if bits.known else "H(Y)"
    words = f"{symbol} = {bits.total:.2f}" + (" bits" if share else "")
    figure.update_layout(annotations=[
        note("out of reach", 0.011 * right, top, xanchor="left", yanchor="top"),
        note(words, 0.8 * right, top, xanchor="center", yanchor="top"),
    ])  # fmt: skip
    if bits.known:
        place = 0.42 * right
        look = {
            "xanchor": "right",
            "yanchor": "bottom",
            "xshift": -6,
            "yshift": 3,
            "font": {"size": SMALL, "color": INK},
        }
        figure.add_annotation(note("exact curve", place, float(np.interp(place, x, y)), **look))


def _ceiling(figure: go.Figure, run: xr.Dataset, at: xr.Dataset, top: float) -> tuple[Moving, ...]:
    """The largest value that the estimate can take: log2 N of the items that the step was measured on, or H(X)."""
    ceiling, first = ceiling_x(run, str(at.split.values)).values.astype(float)[:, None, None], len(figure.data)
    if not np.isfinite(ceiling).any():
        return ()
    share, other = "bits_x" in at, "estimator" in run.attrs
    name = "its ceiling" if other else "H(X)" if "joint" in run or share else "log₂ N"
    figure.add_trace(line([], [0, top], SOFT_INK, "log2 N" if name == "log₂ N" else name, width=1, dash="dot"))
    figure.add_trace(go.Scatter(
        x=[], y=[0.03 * top], mode="text", name="log2 N in words", textposition="middle left", hoverinfo="skip",
        textfont={"size": SMALL, "color": SOFT_INK}, meta=FURNITURE,
    ))  # fmt: skip
    bits = ceiling.ravel() * (at.bits_x.values if share else 1.0)
    words = [[[f"{name} = {value:.1f}" + (" bits" if share else "")]] for value in bits]
    beside = ceiling - 0.006 * float(figure.layout.xaxis.range[1])
    return Moving(first, x=np.repeat(ceiling, 2, axis=-1)), Moving(first + 1, x=beside, text=words)


def _trails(figure: go.Figure, at: xr.Dataset) -> None:
    """Every β's path, in as many traces as the ramp has colours. Snapshots of equal N only: estimates depend on N."""
    path, colours = _path(at), beta_colours(at.sizes["beta"])
    for colour in BETA_RAMP:
        mine = [i for i, each in enumerate(colours) if each == colour]
        x, y = ([v for i in mine for v in (*path[i, :, axis_], None)] for axis_ in (0, 1))
        figure.add_trace(line(x, y, colour, "trail", width=1))
        figure.data[-1].update(opacity=0.4)


def _curve(
    figure: go.Figure, run: xr.Dataset, at: xr.Dataset, where: tuple[np.ndarray, np.ndarray]
) -> tuple[Moving, ...]:
    """Where every β stands at the chosen step; hovering one previews it."""
    falling = still_falling(run, str(at.split.values)).values
    noiseless, colours = np.isnan(at.information_x.values[-1]), beta_colours(at.sizes["beta"])
    first = len(figure.data)
    figure.add_trace(line([], [], SOFT_INK, "learned curve", width=1.2))
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name="every β", customdata=list(range(len(colours))), hoverinfo="none",
        hovertext=[_words(run, i, bool(falling[i]), bool(noiseless[i])) for i in range(len(colours))],
        marker={"size": 7, "symbol": ["circle-open" if each else "circle" for each in falling | noiseless],
                "color": colours, "line": {"width": 1.4, "color": colours}},
    ))  # fmt: skip
    x, y = (values[:, None, :] for values in where)
    return Moving(first, x=x, y=y), Moving(first + 1, x=x, y=y)


def _other(figure: go.Figure, run: xr.Dataset, split: str) -> tuple[Moving, ...]:
    """Where every β stands on the other split, open: measured on as many items, so that the two can be compared."""
    first, colours = len(figure.data), beta_colours(run.sizes["beta"])
    figure.add_trace(line([], [], SOFT_INK, f"learned curve, {split} items", width=1, dash="dot"))
    marker = {"size": 6, "symbol": "diamond-open", "color": colours, "line": {"width": 1.1, "color": colours}}
    figure.add_trace(
        go.Scatter(x=[], y=[], mode="markers", name=f"every β, {split} items", hoverinfo="skip", marker=marker)
    )
    x, y = (values[:, None, :] for values in places(run, split))
    return Moving(first, x=x, y=y), Moving(first + 1, x=x, y=y)


def _words(run: xr.Dataset, index: int, falling: bool, noiseless: bool) -> str:
    """What the mark of a β says where it is pointed at; its numbers are then in the headline."""
    if noiseless:
        return "no noise in the code: I(X;Z) is not a number,<br>drawn at the ceiling and at H(Y) − CE"
    return f"β = {knob_value(run, index)}" + ("<br>I(X;Z) still falling at the end" if falling else "")


def _chosen(figure: go.Figure, run: xr.Dataset, at: xr.Dataset, right: float, both: bool) -> tuple[Moving, ...]:
    """Trail, bracket and mark of the chosen β; with `both`, a line to where it stands on the other split."""
    split = str(at.split.values)
    path, (x, y) = _path(at), places(run, split)
    noiseless = np.isnan(at.information_x.values)
    rate = np.where(noiseless, np.nan, np.minimum(at.rate.values, right))
    first = len(figure.data)
    figure.add_trace(line([], [], INK, "trail of the chosen β", width=1.6))
    figure.add_trace(line([], [], INK, "bracket from measured I(X;Z) to rate", width=2.4))
    figure.data[-1].update(opacity=0.45)
    found = [
        Moving(first, x=path[..., 0], y=path[..., 1]),
        Moving(first + 1, x=np.stack([x, rate], axis=-1), y=np.stack([y, y], axis=-1)),
    ]
    if both:
        x2, y2 = places(run, OTHER[split])
        marker = {"size": 11, "symbol": "diamond-open", "color": INK, "line": {"width": 1.8, "color": INK}}
        figure.add_trace(line([], [], INK, "from one split to the other", width=1.2))
        name = f"chosen β, {OTHER[split]} items"
        figure.add_trace(go.Scatter(x=[], y=[], mode="markers", name=name, hoverinfo="skip", marker=marker))
        found.append(Moving(first + 2, x=np.stack([x, x2], -1), y=np.stack([y, y2], -1)))
        found.append(Moving(first + 3, x=x2[..., None], y=y2[..., None]))
    look = {"symbol": "circle", "line": {"width": 2, "color": GROUND}}
    if noiseless.any():  # an open mark: the place stands for no estimate
        look = {"symbol": "circle-open", "line": {"width": 2.4, "color": INK}}
    marker = {"size": 15, "color": INK} | look
    figure.add_trace(go.Scatter(x=[], y=[], mode="markers", name="chosen β", hoverinfo="skip", marker=marker))
    return (*found, Moving(len(figure.data) - 1, x=x[..., None], y=y[..., None]))


def _path(at: xr.Dataset) -> np.ndarray:
    """(beta, step, 2): the snapshots that were measured on as many items as the first."""
    equal = at.isel(step=at.samples.values == at.samples.values[0])
    return np.stack(
        [equal.information_x.transpose("beta", "step").values, equal.information_y.transpose("beta", "step").values],
        axis=-1,
    )
