"""Is the trade-off fundamental: how often one errs over the bits that are kept, and the floor under it."""

import json

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation
from distill.figures._learned import closed, learned, said
from distill.figures._reach import reach
from distill.figures._style import axis, blank, line
from distill.figures.plane import widest
from distill.measures.entropies import entropy_of_shares
from distill.measures.fano import fano_floor
from distill.measures.limits import ceiling_x, ceiling_y
from distill.measures.seeds import averaged
from distill.palette import INK, SOFT_INK

__all__ = ["animated_tradeoff", "error_against_bits", "lowest", "sufficient_bits"]

POINTS = 240  # of the floor
GAP = "\u00a0\u00a0"  # spaces that a browser keeps
ALIKE = 1e-9  # two values of X whose p(y|x) differ by less are one


def error_against_bits(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Error with one code over I(X;Z) at the last step, every β, above the floor that Fano's inequality sets.

    The line at r_min is where the trade-off ends: the smallest code that keeps all that X tells of Y. Of a continuous
    Y, which has no errors, the bits of Y that are lost, above I(X;Y) − F(r) of the exact curve. A code without noise
    has no I(X;Z): it is drawn open, at its ceiling.
    """
    return animated_tradeoff(run, choice.split).at(run, choice)


def animated_tradeoff(run: xr.Dataset, split: str = "test") -> Animation:
    """The floor stands, the mark follows β."""
    seeded = averaged(run.isel(step=[-1]))
    at, right = seeded.sel(split=split).isel(step=-1), widest(seeded, split)
    erring = bool(at.error_one.notnull().any())
    total = float(ceiling_y(seeded, split)[-1])
    top = 1.0 if erring else 1.05 * (total or 1.0)
    heights = {"tickformat": ".0%", "dtick": 0.2} if erring else {}
    title = "error with one code, share of items" if erring else "I(X;Y) − I(Z;Y), bits of Y that are lost"
    figure = blank(left=60, right=18, top=12)
    figure.update_layout(
        xaxis=axis("I(X;Z), bits kept of the input", 0, right, dtick=1 if right < 12 else 2),
        yaxis=axis(title, 0, top, **heights),
    )
    _floor(figure, seeded, split, (right, top), erring)
    _least(figure, seeded, split, (right, top))
    bits = at.information_x.values.astype(float)
    noiseless = np.isnan(bits)
    x = np.where(noiseless, float(ceiling_x(seeded, split)[-1]), np.maximum(bits, 0))
    y = at.error_one.values if erring else np.maximum(total - at.information_y.values, 0)
    return Animation(figure, (learned(figure, run, x, y, noiseless),))


def lowest(run: xr.Dataset, bits: np.ndarray, split: str = "test") -> np.ndarray:
    """The smallest error with one code of I(X;Z) = `bits`: Fano's, of the most that these bits can tell of Y.

    P with h2(P) + P log2(C − 1) ≥ H(Y) − F(r) (THEORY §§8.5, 10); F(r) = min(r, H(Y)) for labels that are a function of
    the item, else the exact curve.
    """
    classes = len(json.loads(run.attrs["classes"])[run.attrs["label_name"]])
    entropy = float(run.entropy_y.sel(split=split)[-1])
    return fano_floor(reach(run, split, float(np.max(bits))).at(bits), entropy, classes)


def sufficient_bits(run: xr.Dataset, split: str = "test") -> float:
    """r_min, bits: the smallest I(X;T) of a code with I(T;Y) = I(X;Y), the entropy of the minimal sufficient statistic.

    H(Y) where the label is a function of the item; of a known p(x, y) the entropy of the classes of x with the same
    p(y|x); infinite for a Gaussian, whose curve rises for ever.
    """
    if "joint" in run:
        joint = run.joint.transpose("value_x", "value_y").values.astype(float)
        joint = joint[joint.sum(1) > 0]
        p_x = joint.sum(1)
        rows = np.round(joint / p_x[:, None] / ALIKE).astype(np.int64)
        _, group = np.unique(rows, axis=0, return_inverse=True)
        return float(entropy_of_shares(np.bincount(np.ravel(group), p_x / p_x.sum())))
    return float("inf") if "covariance_xy" in run else float(ceiling_y(run, split)[-1])


def _floor(figure: go.Figure, run: xr.Dataset, split: str, ends: tuple[float, float], erring: bool) -> None:
    """What no decoder of one code can go below, shaded."""
    right, top = ends
    bits = np.linspace(0.0, right, POINTS)
    if erring:
        floor, words = lowest(run, bits, split), "out of reach (Fano)"
    else:
        found = reach(run, split, right)
        floor, words = found.total - found.at(bits), "out of reach"
        if not found.known and not np.isfinite(found.total):
            return
    closed(figure, [0, *bits, right], [0, *floor, 0], "out of reach", 0.75)
    figure.add_trace(line(bits, floor, INK, "floor", width=1.8))
    if float(floor[0]) > 0.08 * top:
        said(figure, f"{GAP}{words}", 0.0, 0.05 * top, "middle right", INK)


def _least(figure: go.Figure, run: xr.Dataset, split: str, ends: tuple[float, float]) -> None:
    """The line at r_min: to its left fewer bits must cost something, to its right they need not."""
    (right, top), bits = ends, sufficient_bits(run, split)
    if not 0 < bits < right:
        return
    name = "H(Y) = " if not {"joint", "covariance_xy"} & set(run.variables) else ""
    figure.add_trace(line([bits, bits], [0, top], SOFT_INK, "r_min", width=1.4, dash="dot"))
    side, gap = ("right", f"{GAP}{{}}") if bits < 0.6 * right else ("left", f"{{}}{GAP}")
    words = f"r<sub>min</sub> = {name}{bits:.2f} bits", "left of it every bit costs", "right of it nothing need be lost"
    for place, (text, colour) in enumerate(zip(words, (INK, SOFT_INK, SOFT_INK), strict=True)):
        said(figure, gap.format(text), bits, (0.95 - 0.065 * place) * top, f"middle {side}", colour)
