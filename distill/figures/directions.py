"""A Gaussian bottleneck, direction by direction: which are in the code at each β, and what each keeps."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.figures._animation import Animation, Moving
from distill.figures._lit import lit, strength_axis, upright
from distill.figures._style import FURNITURE, SMALL, axis, blank, note
from distill.palette import INK, KEPT_IRRELEVANT, KEPT_RELEVANT, LOST_RELEVANT, SOFT_INK

__all__ = ["animated_directions", "animated_shares"]

PARTS = {"kept relevant": KEPT_RELEVANT, "kept irrelevant": KEPT_IRRELEVANT, "lost relevant": LOST_RELEVANT}


def animated_directions(answer: xr.Dataset, colours: Sequence[str]) -> Animation:
    """Bits of I(X;T) over β (log scale), one band a canonical direction, the strongest lowest.

    Direction i enters where β falls below ρ_i²; I(X;T) is the sum of the bands (Chechik et al. 2005). What is stronger
    than the chosen β is shown, the rest is pale.

    Args:
        answer: with bits_x (beta, direction), rho (direction).
        colours: of each direction.
    """
    betas, bits, rho = answer.beta.values, answer.bits_x.values, answer.rho.values
    figure, top = blank(left=52, right=12, top=24), 1.06 * float(bits[0].sum())
    figure.update_layout(
        xaxis=strength_axis(betas), yaxis=axis("I(X;T), bits, by direction", -0.012 * top, top, nticks=6)
    )
    edges = np.concatenate([np.zeros((len(betas), 1)), bits.cumsum(1)], 1)
    for i, colour in enumerate(colours):
        figure.add_trace(go.Scatter(
            x=np.concatenate([betas, betas[::-1]]), y=np.concatenate([edges[:, i], edges[::-1, i + 1]]), mode="lines",
            fill="toself", fillcolor=colour, line={"width": 0}, name=f"direction {i + 1}",
            hoverinfo="skip", meta=FURNITURE,
        ))  # fmt: skip
        upright(figure, rho[i] ** 2, (-0.012 * top, top), f"ρ{i + 1}²", "solid")
    _entries(figure, betas, rho)
    middle = np.where(bits > 0, (edges[:, 1:] + edges[:, :-1]) / 2, np.nan)
    return Animation(figure, lit(figure, betas, (-0.012 * top, top), middle, _words(bits, rho, top)))


def animated_shares(answer: xr.Dataset) -> Animation:
    """A row a direction: its bits kept relevant I(T_i;Y_i), kept irrelevant, and lost relevant; and its gain α_i².

    Args:
        answer: with bits_x, bits_y, gain (beta, direction), whole, rho (direction).
    """
    bits_x, bits_y, whole = answer.bits_x.values, answer.bits_y.values, answer.whole.values
    count, figure = len(whole), blank(left=64, right=84, top=24)
    height = np.arange(count)[::-1].astype(float)
    figure.update_layout(
        xaxis=axis("bits", 0, 1.03 * float((bits_x + whole - bits_y).max()), nticks=6),
        yaxis=axis("", -0.6, count - 0.4, showgrid=False, tickvals=height.tolist(),
                   ticktext=[f"ρ = {rho:g}\u00a0\u00a0" for rho in answer.rho.values],
                   tickfont={"size": 13, "color": INK}),
        barmode="stack", bargap=0,
    )  # fmt: skip
    _legend(figure)
    motions = []
    for (name, colour), bits in zip(PARTS.items(), (bits_y, bits_x - bits_y, whole - bits_y), strict=True):
        motions.append(Moving(len(figure.data), x=bits))
        figure.add_trace(go.Bar(
            x=[], y=height, width=0.55, orientation="h", name=name, marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"{name}: %{{x:.2f}} bits<extra></extra>",
        ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[figure.layout.xaxis.range[1]] * count, y=height, mode="text", name="gain", textposition="middle right",
        cliponaxis=False, hoverinfo="skip", textfont={"size": SMALL, "color": SOFT_INK},
    ))  # fmt: skip
    words = [[f"α² = {gain:.3g}" if gain > 0 else "silent" for gain in row] for row in answer.gain.values]
    return Animation(figure, (*motions, Moving(len(figure.data) - 1, text=words)))


def _words(bits: np.ndarray, rho: np.ndarray, top: float) -> list[list[str]]:
    """What is written at each band, (beta, direction), where it is high enough; on the side where there is room."""

    def said(share: float, of: float, place: int) -> str:
        words = f"ρ = {of:g}: {share:.2f} bits" if share > 0.045 * top else ""
        return f"{words} " if place > 0.45 * len(bits) else f"\u00a0{words}"

    return [[said(share, of, place) for share, of in zip(row, rho, strict=True)] for place, row in enumerate(bits)]


def _entries(figure: go.Figure, betas: np.ndarray, rho: np.ndarray) -> None:
    """Where each direction enters, in words above its line; those that would stand in one another are left out."""
    above = {"xref": "paper", "yref": "paper", "yanchor": "bottom", "yshift": 3}
    notes, span, free = [note("critical βs, ρ²:", 0, 1, xanchor="left", **above)], np.log10(betas[-1] / betas[0]), 2.0
    for value in rho**2:
        share = np.log10(value / betas[0]) / span
        if 0.3 < share < free - 0.14:
            side = "right" if share > 0.9 else "center"
            notes.append(note(f"{value:.2g}", share, 1, xanchor=side, **above))
            free = share
    figure.update_layout(annotations=notes)


def _legend(figure: go.Figure) -> None:
    """The three colours in words, above the plot."""
    parts = [f'<span style="color:{colour}">■</span> {name}' for name, colour in PARTS.items()]
    above = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "yshift": 3}
    figure.update_layout(annotations=[note("   ".join(parts), 0, 1, **above)])
