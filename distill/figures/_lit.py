"""A figure over β that lights up with the slider: what is stronger than the chosen β is shown, the rest is pale."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from distill.figures._animation import Moving
from distill.figures._style import FURNITURE, SMALL, axis
from distill.palette import GROUND, INK, SOFT_INK


def strength_ticks(betas: np.ndarray) -> dict[float, str]:
    """Round values of β within reach: 1, 2 and 5 of each decade, or more where there is little more than one."""
    steps = (1, 2, 5) if betas[-1] > 12 * betas[0] else (1, 1.5, 2, 3, 5, 7)
    powers = range(int(np.floor(np.log10(betas[0]))), int(np.ceil(np.log10(betas[-1]))) + 1)
    values = [round(step * 10.0**power, 12) for power in powers for step in steps]
    return {value: f"{value:g}" for value in values if betas[0] <= value <= betas[-1]}


def strength_axis(betas: np.ndarray) -> dict[str, object]:
    """The axis of β, weak to strong on a log scale, with plain numbers."""
    ticks = strength_ticks(betas)
    span = np.log10(betas[-1] / betas[0])
    ends = np.log10(betas[0]) - 0.006 * span, np.log10(betas[-1]) + 0.001 * span  # two pixels beyond the first
    return axis(
        "compression strength β, log scale", *ends, type="log", tickangle=0, tickvals=list(ticks),
        ticktext=list(ticks.values()),
    )  # fmt: skip


def upright(figure: go.Figure, beta: float, ends: tuple[float, float], name: str, dash: str) -> None:
    """A thin line at one β."""
    figure.add_trace(go.Scatter(
        x=[beta, beta], y=list(ends), mode="lines", hoverinfo="skip", name=name,
        line={"color": SOFT_INK, "width": 1, "dash": dash},
    ))  # fmt: skip


def lit(
    figure: go.Figure, betas: np.ndarray, ends: tuple[float, float], height: np.ndarray, words: Sequence[Sequence[str]]
) -> tuple[Moving, ...]:
    """A veil over what is weaker than the chosen β, the line of that β, and marks on it with words beside them.

    Args:
        betas: (beta,), weak to strong. ends: of the y axis. height: (beta, n) of the marks, NaN for none. words: alike,
            written to the left of the mark, but those that begin with a space to its right.
    """
    (bottom, top), first = ends, len(figure.data)
    figure.add_trace(go.Scatter(
        x=[], y=[bottom, bottom, top, top, bottom], mode="lines", fill="toself", fillcolor=GROUND, opacity=0.84,
        line={"width": 0}, hoverinfo="skip", name="veil", meta=FURNITURE,
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[], y=[bottom, top], mode="lines", line={"color": INK, "width": 2}, name="chosen β", hoverinfo="skip",
        meta=FURNITURE,
    ))  # fmt: skip
    low = np.full_like(betas, 0.9 * betas[0])  # beyond the axis, which clips it
    marks, font = np.where(np.isnan(height), np.nan, betas[:, None]), {"size": SMALL + 0.5, "color": INK, "weight": 600}
    motions = [
        Moving(first, x=np.stack([low, betas, betas, low, low], 1)),
        Moving(first + 1, x=np.stack([betas] * 2, 1)),
    ]
    for side, mode in (("right", "text"), ("left", "markers+text")):
        mine = [[word if word[:1].isspace() == (side == "right") else "" for word in row] for row in words]
        motions.append(Moving(len(figure.data), x=marks, y=height, text=mine))
        figure.add_trace(go.Scatter(
            x=[], y=[], mode=mode, name=f"at the chosen β, {side}", textposition=f"middle {side}", hoverinfo="skip",
            marker={"size": 7, "color": INK, "line": {"width": 1.5, "color": GROUND}}, textfont=font,
            **({"meta": FURNITURE} if side == "right" else {}),
        ))  # fmt: skip
    return tuple(motions)
