"""The pigeon-hole count: how few strings any code can shorten, and how much the coders have shortened these."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._style import FURNITURE, SMALL, axis, blank, note
from distill.figures._wall import BLOCK, Coder, at_count, coders, levels, pixels, raw_bits
from distill.palette import GRID, GROUND, INK, SOFT_INK

__all__ = ["animated_shortened_strings", "saved_bits", "share_in_words", "shortened_strings"]

KIND = "wall"  # of the runs that these figures are drawn of
TEN = float(np.log10(2))


def shortened_strings(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """The share of all n-bit strings that any code can shorten by c bits or more, below 2^(1−c), over c.

    There are fewer than 2^(n−c+1) shorter files, each of which stands for one string at most. The dots are at what the
    coders saved of one item of the source (64 symbols of a stream), on average over those that were sent.
    """
    return at_count(animated_shortened_strings(run), run, choice)


def animated_shortened_strings(run: xr.Dataset) -> Animation:
    """The line stands, the dots follow the number of items sent."""
    whole = raw_bits(run) * block(run)
    deep = TEN * (whole - 1)
    figure = blank(left=70, right=14, top=8, bottom=46)
    ticks = [-k * _step(deep) for k in range(int(deep / _step(deep)) + 1)]
    figure.update_layout(
        xaxis=axis(f"c, bits saved of {whole:,.0f}", 0, whole, **levels(0, whole, 5), tickangle=0),
        yaxis=axis(
            "",
            -1.04 * deep,
            0.06 * deep,
            tickvals=ticks,
            ticktext=[in_powers(each, "<sup>{}</sup>") for each in ticks],
            ticklabelstandoff=5,
        ),
    )
    c = np.array([1.0, whole])
    figure.add_trace(go.Scatter(
        x=[0, 1, whole, whole, 0], y=[0, 0, -deep, 0.06 * deep, 0.06 * deep], mode="lines", fill="toself",
        fillcolor=GRID, line={"width": 0, "color": GRID}, name="no code can", hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=np.r_[0, c], y=np.r_[0, TEN * (1 - c)], mode="lines", name="log10 of the share of strings", hoverinfo="skip",
        line={"color": INK, "width": 2},
    ))  # fmt: skip
    figure.add_annotation(note(
        "no code shortens<br>so many strings by so much", 0.97, 0.93, xref="paper", yref="paper", xanchor="right",
        yanchor="top", align="right", font={"size": SMALL, "color": SOFT_INK},
    ))  # fmt: skip
    return Animation(figure, tuple(_dots(figure, run, whole)))


def _dots(figure: go.Figure, run: xr.Dataset, whole: float) -> list[Moving]:
    """A dot for every coder, and the name of the one that saved most."""
    found = [each for each in coders(run) if each.family != "raw"]
    if not found:
        return []
    saved = np.stack([np.clip(saved_bits(run, each), 0, whole) for each in found], axis=-1)
    y = np.minimum(0, TEN * (1 - saved))
    figure.add_trace(go.Scatter(
        x=saved[-1], y=y[-1], mode="markers", name="bits saved by each coder", text=[each.title for each in found],
        hovertemplate="%{text}: %{x:.1f} bits saved<extra></extra>",
        marker={"size": 9, "color": [each.colour for each in found], "line": {"width": 1.2, "color": GROUND}},
    ))  # fmt: skip
    best = np.argmax(np.nan_to_num(saved, nan=-1), axis=-1)
    rows = np.arange(len(saved))
    high = saved[rows, best] > 0.5 * whole
    text = np.where(saved[rows, best] > 1, [found[i].title for i in best], "")
    motions = [Moving(len(figure.data) - 1, x=saved, y=y)]
    for side, mine in (("middle left", high), ("middle right", ~high)):
        figure.add_trace(go.Scatter(
            x=[], y=[], mode="text", name=f"the best, {side}", hoverinfo="skip", textposition=side, meta=FURNITURE,
            textfont={"size": SMALL, "color": INK, "weight": 600}, cliponaxis=False,
        ))  # fmt: skip
        aside = 0.02 * whole * (1 if side.endswith("right") else -1)
        x = np.where(mine, saved[rows, best] + aside, np.nan)[:, None]
        motions.append(Moving(len(figure.data) - 1, x=x, y=y[rows, best][:, None], text=text[:, None].tolist()))
    return motions


def block(run: xr.Dataset) -> int:
    """Items that are looked at as one string: one picture, 64 symbols of a stream."""
    return 1 if pixels(run) > 1 else BLOCK


def saved_bits(run: xr.Dataset, each: Coder) -> np.ndarray:
    """(count,) bits that a coder saved of one string, on average over what was sent; its model is not counted."""
    return (raw_bits(run) - each.bits) * block(run)


def share_in_words(saved: float) -> str:
    """The share of strings that any code can shorten by so many bits: fewer than 1 in 10^9."""
    if not saved > 1:
        return "all"
    return in_powers(TEN * (1 - saved))


def in_powers(tens: float, power: str = "^{}") -> str:
    """10^tens as a share: 1 in 8, 1 in 10^9; `power` says how an exponent is written (the typeface has few raised)."""
    if tens > -4:
        return "all" if tens >= 0 else f"1 in {10**-tens:,.3g}" if tens > -2 else f"1 in {10**-tens:,.0f}"
    return f"1 in 10{power.format(int(-tens))}"


def _step(deep: float) -> int:
    """A round number of powers of ten between two ticks."""
    return next(each for each in (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10**6) if deep / each <= 5)
