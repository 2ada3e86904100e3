"""The exact curve on the information plane: the best that any code of a known distribution can do."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.exact import hull
from distill.figures._animation import Animation, Moving
from distill.figures._style import FURNITURE, axis, blank, line, note
from distill.palette import GRID, GROUND, INK, SOFT_INK, beta_colours

__all__ = ["animated_exact_curve"]

TANGENT = 0.45  # length of the tangent drawn, as a share of the plane's diagonal


def animated_exact_curve(answer: xr.Dataset, words: Sequence[str]) -> Animation:
    """I(T;Y) over I(X;T) of the best code at every β, bits; the mark of the chosen β has its tangent, of slope β.

    No code lies above min(β_c I(X;T), I(X;Y)), with β_c the global critical β: I(T;Y) ≤ β_c I(X;T) for every code
    (the contraction coefficient of the channel from X to Y; Anantharam et al. 2013). `words`: what each β's mark says.

    Args:
        answer: of one source, with information_x, information_y (beta) and the attributes information and global;
            hard_entropy, hard_information (hard) where there are hard clusters to mark.
        words: (beta,) strings.
    """
    x, y = answer.information_x.values, answer.information_y.values
    right, top, figure = 1.04 * float(x.max()), 1.12 * answer.attrs["information"], blank(top=24)
    figure.update_layout(
        xaxis=axis("I(X;T), bits kept of X", -0.015 * right, right, nticks=7),
        yaxis=axis("I(T;Y), bits kept of Y", -0.015 * top, top, nticks=6),
    )
    _limits(figure, answer, right, top)
    _curve(figure, answer, words)
    return Animation(figure, _chosen(figure, answer.beta.values, x, y, (right, top)))


def _limits(figure: go.Figure, answer: xr.Dataset, right: float, top: float) -> None:
    """The region that no code reaches, and what bounds it."""
    whole, steepest = answer.attrs["information"], answer.attrs["global"]
    corner = min(whole / steepest, right)
    figure.add_trace(go.Scatter(
        x=[0, corner, right, right, 0, 0], y=[0, corner * steepest, whole, top, top, 0], mode="lines", fill="toself",
        fillcolor=GRID, opacity=0.55, line={"width": 0}, hoverinfo="skip", name="out of reach", meta=FURNITURE,
    ))  # fmt: skip
    figure.add_trace(line([0, corner, right], [0, corner * steepest, whole], SOFT_INK, "limit", width=1))
    figure.update_layout(annotations=[
        note("out of reach", 0.02 * right, top, xanchor="left", yanchor="top", yshift=-4),
        note(f"I(X;Y) = {whole:.3g} bits", 0.92 * right, whole, xanchor="right", yanchor="bottom"),
    ])  # fmt: skip


def _curve(figure: go.Figure, answer: xr.Dataset, words: Sequence[str]) -> None:
    x, y, colours = answer.information_x.values, answer.information_y.values, beta_colours(answer.sizes["beta"])
    figure.add_trace(line(*map(list, hull(x, y)), INK, "concave hull", width=1.4))
    if "hard" in answer.dims:
        figure.add_trace(go.Scatter(
            x=answer.hard_entropy, y=answer.hard_information, mode="markers", name="hard clusters", hoverinfo="skip",
            marker={"symbol": "square-open", "size": 10, "color": SOFT_INK, "line": {"width": 1.4, "color": SOFT_INK}},
        ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=x, y=y, mode="markers", name="every β", customdata=list(range(len(x))), hovertext=list(words),
        hoverinfo="none", marker={"size": 6.5, "color": colours},
    ))  # fmt: skip


def _chosen(
    figure: go.Figure, beta: np.ndarray, x: np.ndarray, y: np.ndarray, ends: tuple[float, float]
) -> tuple[Moving, ...]:
    """The mark of the chosen β, and the line through it whose slope is β, as long at every β on the screen."""
    half = TANGENT / 2 / np.hypot(1 / ends[0], beta / ends[1])[:, None] * np.array([-1.0, 1.0])
    first = len(figure.data)
    figure.add_trace(line([], [], INK, "slope β", width=1.6, dash="dot"))
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name="chosen β", hoverinfo="skip",
        marker={"size": 15, "color": INK, "line": {"width": 2, "color": GROUND}},
    ))  # fmt: skip
    tangent = Moving(first, x=x[:, None] + half, y=y[:, None] + half * beta[:, None])
    return tangent, Moving(first + 1, x=x[:, None], y=y[:, None])
