"""At equal bits: what VIB keeps of each factor, beside what codes keep that were made for another end, or for none."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._factors import LETTER, factor_colours
from distill.figures._over_beta import measured
from distill.figures._style import FURNITURE, HIDDEN, SMALL, blank
from distill.measures.quantised import bits_of_items
from distill.measures.retention import at_equal_bits, retained
from distill.palette import GRID, INK, SOFT_INK

__all__ = ["animated_equal_bits", "equal_bits"]

TRACK, WORD = (0.05, 0.52), 0.55  # of a column: where the shares lie, and where they are written
NONE, NEAR, FEWER = "–", "too near log₂ N", "has no such code"
SATURATED = 1.0  # bits below log2 N within which an estimate of I(X;Z) only says "at least"


class Column(NamedTuple):
    """One way to make a code: shares (beta, factor) with their intervals, NaN where there is no such code; its bits."""

    title: str
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bits: list[str]


def equal_bits(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """A row a factor, a column a code: the share of its bits that a logistic probe finds, at equal I(X;Z).

    The run's own code at the chosen β, and principal components of the same items, rounded to as many bits.

    Raises:
        InvalidValue: for a run whose factors were not probed.
    """
    return animated_equal_bits(run).at(run, choice)


def animated_equal_bits(
    run: xr.Dataset, controls: Sequence[tuple[str, xr.Dataset]] = (), probe: str = "logistic"
) -> Animation:
    """`controls`: runs of other sweeps with their titles, each taken where its I(X;Z) is that of the chosen β."""
    columns = _columns(run, controls, probe)
    names, count = [str(name) for name in run.factor.values], run.sizes["factor"]
    figure = blank(left=12 + round(LETTER * max(map(len, names), default=0)), right=6, top=4, bottom=8)
    figure.update_layout(xaxis=HIDDEN | {"range": [0, len(columns)]}, yaxis=HIDDEN | {"range": [-0.6, count + 1.0]})
    height = np.arange(float(count))[::-1]
    _tracks(figure, len(columns), height)
    motions = [*_titles(figure, columns, run, height), _heads(figure, columns, count)]
    for place, column in enumerate(columns):
        motions += _cells(figure, run, place, column, height)
    return Animation(figure, tuple(motions))


def _columns(run: xr.Dataset, controls: Sequence[tuple[str, xr.Dataset]], probe: str) -> list[Column]:
    """The run's own code, then what is matched to it, but where both are so near to log2 N that equal says nothing."""
    found, bits = retained(measured(run, "factor_kept", "probed factors"), probe), bits_of_items(run)
    near = bits > np.log2(run.sizes["point"]) - (0 if "joint" in run else SATURATED)
    whole, known = found.entropy.where(found.entropy > 0), xr.DataArray(~near, dims="beta")
    own = [f"{'≥ ' if least else ''}{_said(each)}" for each, least in zip(bits, near, strict=True)]
    columns = [_column(str(run.attrs["objective_title"]), found, whole, own)]
    if "pca_kept" in run and bool(run.pca_bits.notnull().any()):
        words = [NEAR if least else _said(each) for each, least in zip(run.pca_bits.values, near, strict=True)]
        title = "PCA" if probe == "logistic" else "PCA, linear"  # which is all that has read it
        columns.append(_column(title, retained(run, "pca").where(known), whole, words))
    for title, other in controls:
        there = at_equal_bits(run, other, probe).where(known)
        none = there.kept.isnull().all("factor").values
        words = [NEAR if least else FEWER if gone else _said(each) for each, least, gone in
                 zip(bits, near, none, strict=True)]  # fmt: skip
        columns.append(_column(title, there, whole, words))
    return columns


def _column(title: str, found: xr.Dataset, whole: xr.DataArray, bits: list[str]) -> Column:
    shares = [(found[name] / whole).transpose("beta", "factor").values for name in ("kept", "kept_low", "kept_high")]
    return Column(title, *shares, bits)


def _tracks(figure: go.Figure, columns: int, height: np.ndarray) -> None:
    """A grey line from nothing to all in every cell, and what the columns are called."""
    ends = [(place + TRACK[0], place + TRACK[1]) for place in range(columns) for _ in height]
    figure.add_trace(go.Scatter(
        x=[v for low, high in ends for v in (low, high, None)],
        y=[v for _ in range(columns) for up in height for v in (up, up, None)], mode="lines", name="scale",
        line={"color": GRID, "width": 3}, hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip


def _titles(figure: go.Figure, columns: list[Column], run: xr.Dataset, height: np.ndarray) -> list[Moving]:
    """The factors at the left, in the colours of their curves, and the columns' names on top; they do not move."""
    figure.add_trace(go.Scatter(
        x=[0.0] * len(height), y=height, mode="text", text=[f"{name}\u00a0" for name in map(str, run.factor.values)],
        textposition="middle left", cliponaxis=False, name="factors", hoverinfo="skip", meta=FURNITURE,
        textfont={"size": 13, "color": factor_colours(run), "weight": 600},
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[place + TRACK[0] for place in range(len(columns))], y=[len(height) + 0.35] * len(columns), mode="text",
        text=[column.title for column in columns], textposition="middle right", name="codes", hoverinfo="skip",
        textfont={"size": SMALL + 0.5, "color": INK, "weight": 600}, meta=FURNITURE,
    ))  # fmt: skip
    return [Moving(len(figure.data) - 2), Moving(len(figure.data) - 1)]


def _heads(figure: go.Figure, columns: list[Column], count: int) -> Moving:
    """The bits of each code, under its name."""
    figure.add_trace(go.Scatter(
        x=[place + TRACK[0] for place in range(len(columns))], y=[count - 0.3] * len(columns), mode="text",
        textposition="middle right", name="bits", hoverinfo="skip", meta=FURNITURE,
        textfont={"size": SMALL, "color": SOFT_INK},
    ))  # fmt: skip
    return Moving(
        len(figure.data) - 1, text=[list(row) for row in zip(*(column.bits for column in columns), strict=True)]
    )


def _said(bits: float) -> str:
    return NONE if np.isnan(bits) else f"{max(bits, 0):.2f} bits"


def _cells(figure: go.Figure, run: xr.Dataset, place: int, column: Column, height: np.ndarray) -> list[Moving]:
    """The dots of one column with their intervals, and the shares in words."""
    low, high, share = (
        place + TRACK[0] + (TRACK[1] - TRACK[0]) * each for each in (column.low, column.high, column.share)
    )
    figure.add_trace(go.Scatter(
        x=[], y=height, mode="markers", name=f"{column.title}, share kept", hoverinfo="skip",
        marker={"size": 10, "color": factor_colours(run)},
        error_x={"type": "data", "symmetric": False, "array": [], "arrayminus": [], "color": SOFT_INK, "thickness": 2,
                 "width": 0},
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[place + WORD] * len(height), y=height, mode="text", textposition="middle right", hoverinfo="skip",
        name=f"{column.title}, in words", textfont={"size": SMALL, "color": INK},
    ))  # fmt: skip
    text = [[NONE if np.isnan(each) else f"{100 * each:.0f} %" for each in row] for row in column.share]
    dots = len(figure.data) - 2
    return [Moving(dots, x=share, low=low, high=high), Moving(dots + 1, text=text)]
