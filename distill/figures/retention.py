"""Retention: how many of each factor's bits a code keeps, over β, beside what a pure-noise factor seems to keep."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._factors import (
    HALF,
    NAMES,
    factor_colours,
    in_task,
    on_the_left,
    over_factors,
    spread_out,
    words_beside,
)
from distill.figures._over_beta import beta_axis, line_at_beta, measured
from distill.figures._style import FURNITURE, axis, knob_values, note
from distill.measures.retention import noise_control, retained
from distill.palette import GROUND, SOFT_INK

__all__ = ["animated_retention", "retention_curves"]

WORD = 0.08  # of the axis: the height of a line of words in a low figure
NOISE = "a shuffled label: pure noise"
WIDE, THIN = 3.2, 1.6  # pixels: curves of what Y consists of, and of the others


def retention_curves(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Bits of each factor that a logistic probe finds in sampled codes over β, or their share (choice.scale).

    At the end of the training, with 90 % bootstrap intervals; ticks at the left edge are what the same probe gets from
    the raw inputs, the grey line what it finds of a factor that is pure noise (V-information, Xu et al. 2020).

    Raises:
        InvalidValue: for a run whose factors were not probed.
    """
    return animated_retention(run, "logistic", choice.scale).at(run, choice)


def animated_retention(run: xr.Dataset, probe: str = "logistic", scale: str = "shares") -> Animation:
    """The curves stand; line, dots and words follow β. `scale`: "bits" or "shares" of each factor's entropy."""
    found = retained(measured(run, "factor_kept", "probed factors"), probe)
    whole = found.entropy.where(found.entropy > 0).values[:, None] if scale == "shares" else 1.0
    kept, low, high = (
        np.nan_to_num(found[name].transpose("factor", "beta").values / whole)
        for name in ("kept", "kept_low", "kept_high")
    )
    top = 1.0 if scale == "shares" else float(found.entropy.max())
    ends = (-0.03 * top, 1.2 * top)  # above: two words over curves that keep all
    figure = over_factors(run, top=8)
    figure.update_layout(xaxis=beta_axis(run), yaxis=_heights(scale, probe, ends))
    names, colours, asked = [str(name) for name in run.factor.values], factor_colours(run), in_task(run)
    for i in np.argsort(asked, kind="stable"):  # what Y consists of lies on top
        _band(figure, low[i], high[i], f"{names[i]}, 90 % interval", colours[i], 0.2 if asked[i] else 0.12)
    if scale == "shares":
        _half(figure, run)
    _noise(figure, run, probe, scale)
    motions = [line_at_beta(figure, run, ends)]
    for i in np.argsort(asked, kind="stable"):
        motions.append(_curve(figure, run, kept[i], names[i], colours[i], WIDE if asked[i] else THIN, scale))
    motions.append(_ceilings(figure, found.ceiling.values / np.ravel(whole), names, colours))
    motions.append(_dots(figure, kept.T, colours, asked))
    text = [[_said(name, value, scale) for name, value in zip(names, row, strict=True)] for row in kept.T]
    wished = spread_out(top * _beside(kept.T / top), WORD * top, (0.03 * top, 1.16 * top))
    return Animation(figure, (*motions, *words_beside(figure, wished, text, colours)))


def _beside(heights: np.ndarray) -> np.ndarray:
    """Where words go that are beside their curves, (beta, factor), in the order of these.

    Above to the right of the chosen β and below to its left, where a fall leaves room, but not below the plot.
    """
    left = on_the_left(len(heights))[:, None]
    return np.where(left, np.maximum(heights - 0.9 * WORD, 0.05 + 0.2 * heights), heights + 1.1 * WORD)


def _heights(scale: str, probe: str, ends: tuple[float, float]) -> dict[str, object]:
    if scale == "shares":
        ticks = {"tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
        return axis(f"share that {NAMES[probe]} finds", *ends, **ticks)
    return axis(f"bits that {NAMES[probe]} finds", *ends, nticks=6)


def _said(name: str, value: float, scale: str) -> str:
    return f"{name} {100 * value:.0f} %" if scale == "shares" else f"{name} {value:.2f}"


def _band(figure: go.Figure, low: np.ndarray, high: np.ndarray, name: str, colour: str, opacity: float) -> None:
    places = np.arange(float(len(low)))
    figure.add_trace(go.Scatter(
        x=np.r_[places, places[::-1]], y=np.r_[high, low[::-1]], mode="lines", name=name, fill="toself",
        fillcolor=colour, opacity=opacity, line={"width": 0, "color": colour}, hoverinfo="skip",
    ))  # fmt: skip


def _half(figure: go.Figure, run: xr.Dataset) -> None:
    figure.add_trace(go.Scatter(
        x=[-0.5, run.sizes["beta"] - 0.5], y=[HALF, HALF], mode="lines", name="half", hoverinfo="skip", meta=FURNITURE,
        line={"color": SOFT_INK, "width": 1, "dash": "dot"},
    ))  # fmt: skip
    figure.add_annotation(note("half", 1, HALF, xref="paper", xanchor="right", yanchor="bottom"))


def _curve(
    figure: go.Figure, run: xr.Dataset, values: np.ndarray, name: str, colour: str, width: float, scale: str
) -> Moving:
    read = "%{y:.0%}" if scale == "shares" else "%{y:.2f} bits"
    figure.add_trace(go.Scatter(
        x=np.arange(len(values)), y=values, mode="lines" if len(values) > 1 else "markers", name=name,
        line={"color": colour, "width": width}, marker={"color": colour, "size": 7}, customdata=knob_values(run),
        hovertemplate=f"{name}<br>β = %{{customdata}}: {read}<extra></extra>",
    ))  # fmt: skip
    return Moving(len(figure.data) - 1)


def _noise(figure: go.Figure, run: xr.Dataset, probe: str, scale: str) -> None:
    """A shuffled copy of the label, which no code can know: a thin line, and thin bars for its interval."""
    if "noise_kept" not in run:
        return
    found = noise_control(run, probe)
    whole = float(found.entropy) or 1.0 if scale == "shares" else 1.0
    kept, low, high = (found[name].values / whole for name in ("kept", "kept_low", "kept_high"))
    figure.add_trace(go.Scatter(
        x=np.arange(len(kept)), y=kept, mode="lines+markers", name=NOISE, hoverinfo="name",
        line={"color": SOFT_INK, "width": 1}, marker={"size": 2, "color": SOFT_INK},
        error_y={"type": "data", "symmetric": False, "array": high - kept, "arrayminus": kept - low, "width": 0,
                 "thickness": 1, "color": SOFT_INK},
    ))  # fmt: skip


def _ceilings(figure: go.Figure, values: np.ndarray, names: list[str], colours: list[str]) -> Moving:
    """What the same probe finds in the raw inputs, as ticks on the left edge."""
    figure.add_trace(go.Scatter(
        x=[-0.3] * len(names), y=values, mode="markers", name="raw inputs, the same probe", cliponaxis=False,
        marker={"symbol": "line-ew", "size": 6, "color": colours, "line": {"width": 3, "color": colours}},
        text=names, hovertemplate="%{text}: %{y:.2f} from the raw inputs<extra></extra>",
    ))  # fmt: skip
    return Moving(len(figure.data) - 1)


def _dots(figure: go.Figure, values: np.ndarray, colours: list[str], asked: np.ndarray) -> Moving:
    sizes = np.where(asked, 12, 8).tolist()
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name="factors at the chosen β", hoverinfo="skip",
        marker={"size": sizes, "color": colours, "line": {"width": 1.5, "color": GROUND}},
    ))  # fmt: skip
    places = np.broadcast_to(np.arange(float(len(values)))[:, None], values.shape)
    return Moving(len(figure.data) - 1, x=places, y=values)
