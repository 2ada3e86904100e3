"""Quality against compression ratio: what a code keeps of what X tells of Y, over how much smaller than X it is."""

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation
from distill.figures._learned import closed, learned, said
from distill.figures._reach import reach
from distill.figures._style import axis, blank, line
from distill.measures.limits import ceiling_x, ceiling_y
from distill.measures.seeds import averaged
from distill.palette import INK, SOFT_INK

__all__ = ["Standing", "animated_ratio", "quality_against_ratio", "standing"]

LARGEST = 128.0  # the ratio at which the axis ends: what is left then is nothing
POINTS, BETWEEN = 200, 12  # of the best curve; of the learned one, from one β to the next
TOP = 1.08
GAP, EDGE = "\u00a0\u00a0", 0.03  # spaces that a browser keeps; of the logarithmic axis, beyond its last ticks


class Standing(NamedTuple):
    """Where every β of a run ended, (beta,) each.

    bits: I(X;Z); ratio: H(X) / I(X;Z); quality: I(Z;Y) / I(X;Y); best: the most that these bits allow. `whole` is H(X),
    NaN where X is continuous, and `relevant` is I(X;Y), bits. Without noise in the code bits, ratio and best are NaN,
    and the quality is (H(Y) − CE) / H(Y), a lower bound.
    """

    bits: np.ndarray
    ratio: np.ndarray
    quality: np.ndarray
    best: np.ndarray
    whole: float
    relevant: float


def standing(run: xr.Dataset, split: str = "test") -> Standing:
    """Compression ratio H(X)/r and quality q(r) = I(Z;Y)/I(X;Y) of every β at the last step (THEORY §10).

    The most that r bits allow is F(r)/I(X;Y): of the exact curve where p(x, y) is known, else min(1, r/H(Y)), which is
    exact where the label is a function of the item.
    """
    run = averaged(run.isel(step=[-1]))
    at, whole = run.sel(split=split).isel(step=-1), float(ceiling_x(run, split)[-1])
    relevant = float(ceiling_y(run, split)[-1])
    bits, kept = at.information_x.values.astype(float), at.information_y.values.astype(float)
    quality = np.where(np.isnan(bits), at.bound_y.values, kept) / (relevant or np.nan)
    with np.errstate(divide="ignore"):
        ratio = whole / np.maximum(bits, 0.0)
    best = reach(run, split, _right(run, split)).at(np.maximum(bits, 0.0)) / (relevant or np.nan)
    return Standing(bits, ratio, np.clip(quality, 0.0, None), best, whole, relevant)


def quality_against_ratio(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """I(Z;Y)/I(X;Y) over the compression ratio H(X)/I(X;Z) at the last step, every β, beside the most that is possible.

    Of continuous inputs, which have no H(X), over the bits that are kept. A code without noise has no I(X;Z): it is
    drawn open, at the ratio 1, at the height (H(Y) − CE)/H(Y).
    """
    return animated_ratio(run, choice.split).at(run, choice)


def animated_ratio(run: xr.Dataset, split: str = "test") -> Animation:
    """The curves stand, the mark follows β."""
    found = standing(run, split)
    sized = np.isfinite(found.whole)
    figure = blank(left=60, right=18, top=12, bottom=76 if sized else 48)
    label = str(run.attrs["label_name"])
    figure.update_layout(
        xaxis=_ratios(found.whole) if sized else axis("I(X;Z), bits kept: fewer to the left", 0, _right(run, split)),
        yaxis=axis(f"I(Z;Y) / I(X;Y), kept of {label}", 0, TOP, tickformat=".0%", dtick=0.2),
    )
    _limits(figure, averaged(run), found, split)
    noiseless = np.isnan(found.bits)
    x = np.where(noiseless, 1.0 if sized else 0.0, found.ratio if sized else found.bits)
    far = x > LARGEST if sized else np.zeros(len(x), dtype=bool)
    places, quality = np.minimum(x, LARGEST), np.minimum(found.quality, TOP)
    return Animation(figure, (learned(figure, run, places, quality, noiseless | far, _path(found, sized)),))


def _path(found: Standing, sized: bool) -> tuple[np.ndarray, np.ndarray]:
    """The curve through the learned codes: between two, the codes that use one or the other, straight in their bits."""
    bits, quality = np.maximum(found.bits, 0), np.minimum(found.quality, TOP)
    parts = np.linspace(0, 1, BETWEEN, endpoint=False)[None]
    between = [(each[:-1, None] * (1 - parts) + each[1:, None] * parts).ravel() for each in (bits, quality)]
    x, y = (np.append(each, last[-1]) for each, last in zip(between, (bits, quality), strict=True))
    if not sized:
        return x, y
    with np.errstate(divide="ignore"):
        ratio = found.whole / x
    return np.where(ratio <= LARGEST, ratio, np.nan), y


def _ratios(whole: float) -> dict[str, object]:
    """A logarithmic axis of ratios, each with the bits that it leaves."""
    ticks = [2.0**power for power in range(8)]
    words = [f"{tick:.0f}×<br>{whole / tick:.2g} bits" if i % 2 == 0 else "" for i, tick in enumerate(ticks)]
    ends = -EDGE, float(np.log10(LARGEST)) + EDGE
    return axis("H(X) / I(X;Z), times smaller", *ends, type="log", tickvals=ticks, ticktext=words, tickangle=0)


def _limits(figure: go.Figure, run: xr.Dataset, found: Standing, split: str) -> None:
    """The most that so many bits allow, what lies above it, and where it begins to fall."""
    bits = reach(run, split, _right(run, split))
    if not found.relevant:
        return
    if np.isfinite(found.whole):
        x = np.geomspace(1.0, LARGEST * 10**EDGE, POINTS)
        corner = found.whole / found.relevant
        if not bits.known and 1 < corner < LARGEST:
            x = np.sort(np.append(x, corner))
        r, left = found.whole / x, 10**-EDGE
    else:
        x = np.linspace(0.0, _right(run, split), POINTS)
        r, left = x, 0.0
    best = bits.at(r) / found.relevant
    closed(figure, [left, *x, x[-1], left], [best[0], *best, TOP, TOP], "out of reach")
    figure.add_trace(line(x, best, INK if bits.known else SOFT_INK, "the most that is possible", width=1.8))
    said(figure, "out of reach", float(x[-1]) * 0.97, 0.97 * TOP, "middle left")
    if not bits.known and np.isfinite(found.whole):
        _free(figure, found)
    elif bits.known:
        place, side = int(np.argmin(np.abs(best - 0.5))), "right" if np.isfinite(found.whole) else "left"
        said(figure, f"{GAP}exact curve{GAP}", float(x[place]), 0.5, f"middle {side}")


def _free(figure: go.Figure, found: Standing) -> None:
    """Where the label's own bits are reached: up to there compression costs nothing in principle."""
    corner = found.whole / found.relevant
    figure.add_trace(line([corner, corner], [0, 1], SOFT_INK, "r = H(Y)", width=1.2, dash="dot"))
    said(figure, f"{GAP}r = H(Y) = {found.relevant:.2f} bits: {corner:.2g}×", corner, 0.13, "middle right", INK)
    said(figure, f"{GAP}left of it free in principle", corner, 0.05, "middle right")


def _right(run: xr.Dataset, split: str) -> float:
    """The right end of an axis of bits: beyond H(X), or beyond what was measured where there is none."""
    whole = float(ceiling_x(run, split)[-1])
    return 1.06 * (whole if np.isfinite(whole) else max(1.0, float(np.nanmax(run.information_x.sel(split=split)[-1]))))
