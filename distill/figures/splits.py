"""The tree of splits: where clusters part as β falls, and the encoder at one β."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.figures._animation import Animation, Moving
from distill.figures._lit import lit, strength_axis, upright
from distill.figures._style import FURNITURE, SMALL, axis, blank, note
from distill.palette import GRID

__all__ = ["animated_encoder", "animated_splits"]

GAP = "\u00a0"  # a space that a browser keeps at the end
MANY = 14  # leaves from which their labels stand in two columns
ROOM = 46  # characters that fit into the width of the tree
LEAST = 0.004  # share of an x that is drawn in a cluster


def animated_splits(answer: xr.Dataset, colours: Sequence[str]) -> Animation:
    """One ribbon an x, as thick as p(x), over β (log scale); ribbons in one bundle belong to clusters not yet split.

    What is stronger than the chosen β is shown, the rest is pale. The names beside the chosen β are those of
    each branch. Critical βs are marked: where the trivial code stops being the best (global) and where it stops being
    stable (local); shaded between them, where both differ.

    Args:
        answer: with of (beta, x), slot (x), p_xy (x, y); attributes global and local.
        colours: of each x.
    """
    leaves, figure = answer.sizes["x"], blank(left=_margin(answer), right=12, top=24)
    figure.update_layout(
        xaxis=strength_axis(answer.beta.values),
        yaxis=axis("", -0.7, leaves - 0.3, showgrid=False, showticklabels=False),
    )
    _critical(figure, answer)
    _ribbons(figure, answer, colours)
    _leaves(figure, answer, colours)
    return Animation(figure, lit(figure, answer.beta.values, (-0.7, leaves - 0.3), *_clusters(answer)))


def animated_encoder(answer: xr.Dataset, colours: Sequence[str]) -> Animation:
    """q(t|x) at the chosen β: a row an x, a column a cluster; columns are p(t) wide and filled to the share q(t|x).

    Args:
        answer: with encoder (beta, x, t), p_t (beta, t), slot (x).
        colours: of each x.
    """
    leaves, figure = answer.sizes["x"], blank(left=_margin(answer), right=14, top=24)
    figure.update_layout(
        xaxis=axis("clusters t, each p(t) wide", 0, 1, showgrid=False, tickvals=[0, 0.25, 0.5, 0.75, 1]),
        yaxis=axis("", -0.7, leaves - 0.3, showgrid=False, showticklabels=False),
        annotations=[note("row x is filled to q(t|x) in each column", 0, 1, xref="paper", yref="paper",
                          xanchor="left", yanchor="bottom", yshift=3)],
    )  # fmt: skip
    _leaves(figure, answer, colours, x=0.0)
    edges = np.concatenate([np.zeros((answer.sizes["beta"], 1)), answer.p_t.values.cumsum(1)], 1)
    motions = [_edges(figure, edges, leaves)]
    for colour in dict.fromkeys(colours):
        mine = np.array([each == colour for each in colours])
        motions.append(_cells(figure, answer, edges, mine, colour))
    return Animation(figure, tuple(motions))


def _height(answer: xr.Dataset) -> np.ndarray:
    """Where each x stands from below, (x,); the first leaf on top."""
    return answer.sizes["x"] - 1.0 - answer.slot.values


def _margin(answer: xr.Dataset) -> int:
    return 14 + round(7.2 * max(len(str(name)) for name in answer.x.values)) + (14 if answer.sizes["x"] >= MANY else 0)


def bundles(answer: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Middle and thickness of each x's ribbon, (beta, x) and (x,), in slots.

    A bundle lies in the middle of its leaves, its ribbons one on the other in their order; none is thicker than its
    slot, so that bundles of neighbouring leaves do not meet.
    """
    height, of, p_x = _height(answer), answer.of.values, answer.p_xy.values.sum(1)
    thick = p_x * (0.86 if answer.sizes["x"] >= MANY else 0.6) / p_x.max()
    middle = np.zeros(of.shape)
    for here, clusters in zip(middle, of, strict=True):
        for t in np.unique(clusters):
            mine = np.flatnonzero(clusters == t)
            mine = mine[np.argsort(height[mine])]
            above = thick[mine].cumsum()
            here[mine] = height[mine].mean() - above[-1] / 2 + above - thick[mine] / 2
    return middle, thick


def _ribbons(figure: go.Figure, answer: xr.Dataset, colours: Sequence[str]) -> None:
    middle, thick = bundles(answer)
    rounded = (middle[:-2] + 2 * middle[1:-1] + middle[2:]) / 4
    soft = np.concatenate([middle[:1], rounded, middle[-1:]])
    along = np.concatenate([answer.beta.values, answer.beta.values[::-1]])
    for i, colour in enumerate(colours):
        edge = np.concatenate([soft[:, i] - thick[i] / 2, soft[::-1, i] + thick[i] / 2])
        figure.add_trace(go.Scatter(
            x=along, y=edge, mode="lines", fill="toself", fillcolor=colour, line={"width": 0.9, "color": colour},
            name=str(answer.x.values[i]), hoverinfo="skip", meta=FURNITURE,
        ))  # fmt: skip


def _leaves(figure: go.Figure, answer: xr.Dataset, colours: Sequence[str], x: float | None = None) -> None:
    """The names of the x at the left edge; in two columns where there are many."""
    height, many = _height(answer), answer.sizes["x"] >= MANY
    odd = answer.slot.values % 2 == 1 if many else np.zeros(len(height), dtype=bool)
    # at the left end of the axis, so that the veil over the plot, which begins there, does not cut the names; a hair
    # inside it, since plotly hides the words of points that rounding puts outside
    edge = 1.0001 * 10.0 ** figure.layout.xaxis.range[0] if x is None else x
    for column in (False, True):
        mine = np.flatnonzero(odd == column)
        words = [f"{answer.x.values[i]}{GAP * (4 * column + 1)}" for i in mine]
        figure.add_trace(go.Scatter(
            x=[edge] * len(mine), y=height[mine], mode="text", text=words, textposition="middle left",
            cliponaxis=False, name="names", hoverinfo="skip", meta=FURNITURE,
            textfont={"size": SMALL if many else 13, "color": [colours[i] for i in mine]},
        ))  # fmt: skip


def _critical(figure: go.Figure, answer: xr.Dataset) -> None:
    """Lines, and a shaded band where the two differ."""
    local, best, leaves = answer.attrs["local"], answer.attrs["global"], answer.sizes["x"]
    bottom, top = -0.7, leaves - 0.3
    apart = best > 1.01 * local
    if apart:
        figure.add_trace(go.Scatter(
            x=[local, best, best, local, local], y=[bottom, bottom, top, top, bottom], mode="lines", fill="toself",
            fillcolor=GRID, opacity=0.8, line={"width": 0}, hoverinfo="skip", name="hysteresis", meta=FURNITURE,
        ))  # fmt: skip
    upright(figure, best, (bottom, top), "critical β", "solid")
    if apart:
        upright(figure, local, (bottom, top), "critical β, local", "dot")
    said = f"critical β: {local:.3g} local, {best:.3g} global" if apart else f"critical β = {best:.3g}"
    figure.update_layout(annotations=[
        note(said, 1, 1, xref="paper", yref="paper", xanchor="right", yanchor="bottom", yshift=3)
    ])  # fmt: skip


def _clusters(answer: xr.Dataset) -> tuple[np.ndarray, list[list[str]]]:
    """Where each cluster stands at each β, (beta, t), and whose it is, as far as there is room for the names."""
    height, of = _height(answer), answer.of.values
    shape = of.shape[0], answer.sizes["t"]
    y, words = np.full(shape, np.nan), []
    order = np.argsort(answer.slot.values)
    for k, clusters in enumerate(of):
        room, said = int(ROOM * k / (shape[0] - 1)) - 1, [""] * shape[1]
        for t in np.unique(clusters):
            mine = [i for i in order if clusters[i] == t]
            y[k, t] = height[mine].mean()
            said[t] = listed([str(answer.x.values[i]) for i in mine], room)
        words.append(said)
    return y, words


def listed(names: Sequence[str], room: int) -> str:
    """Names with spaces between, or the first of them and how many more, in at most `room` characters; else nothing."""
    for count in range(len(names), 0, -1):
        more = f" +{len(names) - count}" if count < len(names) else ""
        said = " ".join(names[:count]) + more
        if len(said) <= room:
            return said + " "
    return ""


def _edges(figure: go.Figure, edges: np.ndarray, leaves: int) -> Moving:
    """Thin lines between the columns."""
    count = edges.shape[1]
    figure.add_trace(go.Scatter(
        x=[], y=np.tile([-0.7, leaves - 0.3, np.nan], count), mode="lines", line={"color": GRID, "width": 1},
        name="columns", hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, x=np.repeat(edges, 3, axis=1))


def _cells(figure: go.Figure, answer: xr.Dataset, edges: np.ndarray, mine: np.ndarray, colour: str) -> Moving:
    """The filled cells of the x in `mine`: from a column's left edge to the share q(t|x) of its width."""
    encoder, height = answer.encoder.values[:, mine], _height(answer)[mine]
    names = [str(name) for name in answer.x.values[mine]]
    found = [np.argwhere(each > LEAST) for each in encoder]
    shape = len(encoder), max(map(len, found))
    low, high, y = (np.full(shape, np.nan) for _ in range(3))
    words = [[""] * shape[1] for _ in encoder]
    for k, cells in enumerate(found):
        for j, (i, t) in enumerate(cells):
            q, wide = encoder[k, i, t], edges[k, t + 1] - edges[k, t]
            low[k, j], high[k, j], y[k, j] = edges[k, t], edges[k, t] + q * wide, height[i]
            words[k][j] = f"q(t = {t + 1} given {names[i]}) = {q:.3f}"
    thick = 0.8 * 270 / answer.sizes["x"]
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="none", name="encoder", hoverinfo="skip",
        error_x={"type": "data", "symmetric": False, "array": [], "arrayminus": [], "width": 0, "color": colour,
                 "thickness": min(thick, 26)},
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, x=low, y=y, low=low, high=high, text=words)
