"""The weights of a compressed model: how many there are of each value, beside those of the network as trained."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving, repeated
from distill.figures._shrunk import FAMILIES, Family, check, found, said, standing, values_of
from distill.figures._style import FURNITURE, SIZE, axis, blank, note
from distill.palette import GRID, INK, SOFT_INK

__all__ = ["animated_weights", "weight_histogram", "weight_histogram_sparsity", "weight_histogram_students"]

KIND = "shrink"  # of the runs that these figures are drawn of
DECADES = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
ROOM = 2.2  # times the largest share: for the words above


def weight_histogram(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Share of the weights in equal bins of value at the fewest bits that cost no accuracy; shaded: as trained.

    Encoder and decoder of the first seed; the axes reach to the largest weight of the network as it was trained.

    Raises:
        InvalidValue: for a run of another kind.
    """
    return standing(animated_weights(run, FAMILIES["bits"]), run, FAMILIES["bits"], choice)


def weight_histogram_sparsity(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """The same of the pruned network, at 8 bits, at the highest share of zeros that costs no accuracy."""
    return standing(animated_weights(run, FAMILIES["sparsity"]), run, FAMILIES["sparsity"], choice)


def weight_histogram_students(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """The same of the student, at 8 bits, that is the narrowest of those that cost no accuracy."""
    return standing(animated_weights(run, FAMILIES["width"]), run, FAMILIES["width"], choice)


def animated_weights(run: xr.Dataset, family: Family) -> Animation:
    """The network as trained stands; that of the slider of `family` moves, its plainer variant as an outline."""
    figure = blank(left=58, right=14, top=8, bottom=46)
    if "bin" not in check(run):
        figure.update_layout(xaxis=axis("weight", -1, 1), yaxis=_shares(1e-4))
        return Animation(figure, ())
    lowest = 0.5 / float(run.attrs["parameters"])
    edges = _edges(run.bin.values)
    figure.update_layout(xaxis=axis("weight", edges[0], edges[-1], nticks=7), yaxis=_shares(lowest))
    x, count = _outline_x(edges), len(values_of(run, family))
    motions: list[Moving] = []
    if "weights_float" in run:
        whole = _outline(run.weights_float.values[None], lowest)
        motions.append(_area(figure, x, repeated(whole[0], count), "as trained", GRID, 1.0, SOFT_INK))
    for variant in family.variants[:1]:
        shares = found(run, "weights", family, variant)
        if shares is not None:
            motions.append(_area(figure, x, _outline(shares, lowest), "shrunk", family.colour, 0.6, family.colour))
    for variant in family.variants[1:]:
        shares = found(run, "weights", family, variant)
        if shares is not None:
            motions.append(_contour(figure, x, _outline(shares, lowest), variant))
    return Animation(figure, (*motions, *_words(figure, run, family)))


def _shares(lowest: float) -> dict[str, object]:
    ticks = [each for each in DECADES if each >= lowest]
    text = [f"{100 * each:g}%" for each in ticks]
    return axis("share of the weights", float(np.log10(lowest)), float(np.log10(ROOM)), type="log", tickvals=ticks,
                ticktext=text)  # fmt: skip


def _edges(middles: np.ndarray) -> np.ndarray:
    """(bins + 1,) of equal bins with these middles."""
    half = (middles[1] - middles[0]) / 2
    return np.r_[middles - half, middles[-1] + half]


def _outline_x(edges: np.ndarray) -> np.ndarray:
    """From the floor up, along the tops of all bins, and down again."""
    return np.repeat(edges, 2)


def _outline(shares: np.ndarray, lowest: float) -> np.ndarray:
    """(places, 2 bins + 2) heights that go with `_outline_x`; nothing is at the floor of the axis."""
    floor = np.full((len(shares), 1), lowest)
    return np.concatenate([floor, np.repeat(np.maximum(shares, lowest), 2, axis=1), floor], axis=1)


def _area(figure: go.Figure, x: np.ndarray, y: np.ndarray, name: str, fill: str, opacity: float, colour: str) -> Moving:
    figure.add_trace(go.Scatter(
        x=x, y=[], mode="lines", name=name, fill="toself", fillcolor=fill, opacity=opacity, hoverinfo="skip",
        line={"color": colour, "width": 1},
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, x=repeated(x, len(y)), y=y)


def _contour(figure: go.Figure, x: np.ndarray, y: np.ndarray, name: str) -> Moving:
    look = {"color": SOFT_INK, "width": 1, "dash": "dot"}
    figure.add_trace(go.Scatter(x=x, y=[], mode="lines", name=name, hoverinfo="skip", line=look))
    return Moving(len(figure.data) - 1, x=repeated(x, len(y)), y=y)


def _words(figure: go.Figure, run: xr.Dataset, family: Family) -> list[Moving]:
    """What the slider stands at, at the left above, and at the right what is compared."""
    figure.add_annotation(note(
        "shaded: as trained" + (f"<br>dotted: {family.variants[1]}" if family.over else ""), 1, 1, xref="paper",
        yref="paper", xanchor="right", yanchor="top", align="right", xshift=-2,
    ))  # fmt: skip
    text = [[_said(run, family, place)] for place in range(len(values_of(run, family)))]
    left, top = figure.layout.xaxis.range[0], 10 ** float(figure.layout.yaxis.range[1])
    figure.add_trace(go.Scatter(
        x=[left], y=[top], mode="text", text=[], name="shrunk, in words", textposition="bottom right", meta=FURNITURE,
        textfont={"size": SIZE, "color": INK, "weight": 600}, hoverinfo="skip",
    ))  # fmt: skip
    return [Moving(len(figure.data) - 1, text=text)]


def _said(run: xr.Dataset, family: Family, place: int) -> str:
    value = values_of(run, family)[place]
    if family.name == "bits":
        return f"{2 ** int(value) - 1:,} levels"
    if family.name == "sparsity":
        return said(family, value)
    known = run.get("parameters_width")
    return said(family, value) if known is None else f"{int(known[place]):,} parameters"
