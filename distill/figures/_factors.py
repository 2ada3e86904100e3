"""What figures of several factors share: their colours, their places on the axis of β, words that do not overlap."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.figures._animation import Moving
from distill.figures._style import FURNITURE, SMALL, blank
from distill.measures.tasks import task_weights
from distill.palette import CLASSES, INK, KEPT_RELEVANT

LEFT, RIGHT = 64, 44  # margins of figures over β that stand under each other, unless a factor has a longer name
LETTER = 7.0  # pixels, of the factors' names
HALF = 0.5
NAMES = {"logistic": "a linear probe", "mlp": "an MLP probe"}


def over_factors(run: xr.Dataset, top: int, bottom: int = 48) -> go.Figure:
    """An empty figure with room for the longest name at the left; the same for every figure of one run."""
    longest = max((len(str(name)) for name in run.factor.values), default=0)
    return blank(left=max(LEFT, 12 + round(LETTER * longest)), right=RIGHT, top=top, bottom=bottom)


def in_task(run: xr.Dataset) -> np.ndarray:
    """(factor,): whether Y consists of it, or of it among others."""
    asked = task_weights(run)
    return np.array([str(name) in asked for name in run.factor.values])


def factor_colours(run: xr.Dataset) -> list[str]:
    """The colour of each factor: deep blue for those that Y consists of, the classes' but for their blue for others."""
    others = iter([*CLASSES[1:], *CLASSES[1:]] * run.sizes["factor"])
    return [KEPT_RELEVANT if asked else next(others) for asked in in_task(run)]


def places_of(betas: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Where values of β stand on an axis that has the places of `betas`: between two, linear in log β; NaN stays NaN.

    Towards a β of 0, and of a knob that falls, linear in the value itself.
    """
    values, down = np.asarray(values, float), betas[0] > betas[-1]
    order = slice(None, None, -1) if down else slice(None)
    places = np.interp(values, betas[order], np.arange(float(len(betas)))[order])
    positive = betas > 0
    if down or not positive.any():
        return places
    beyond = values > betas[positive][0]
    logs = np.interp(
        np.log(np.where(beyond, values, 1.0)), np.log(betas[positive]), np.flatnonzero(positive).astype(float)
    )
    return np.where(beyond, logs, places)


def spread_out(heights: np.ndarray, gap: float, ends: tuple[float, float]) -> np.ndarray:
    """`heights` (beta, n) moved as little as keeps every two of a row at least `gap` apart, within `ends`.

    The least squares are those of an isotonic regression of what is left when the gaps are taken away, by pooling.
    """
    count = heights.shape[1]
    gap = min(gap, (ends[1] - ends[0]) / max(count - 1, 1))
    moved, steps = np.empty_like(heights, dtype=float), gap * np.arange(count)
    for row, out in zip(heights, moved, strict=True):
        order = np.argsort(row, kind="stable")
        level = np.clip(_rising(row[order] - steps), ends[0], ends[1] - steps[-1])
        out[order] = level + steps
    return moved


def _rising(values: np.ndarray) -> np.ndarray:
    """The nearest rising sequence: neighbours that fall are pooled at their mean."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, size = float(value), 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean, size = (before * many + mean * size) / (many + size), many + size
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools])


def on_the_left(count: int, beyond: float = 0.74) -> np.ndarray:
    """(beta,): whether words at this place of `count` stand to its left, since to its right there is no room.

    `beyond`: the share of the axis from which that is so; less for long words.
    """
    return np.arange(count) > beyond * (count - 1)


def words_beside(
    figure: go.Figure, height: np.ndarray, text: list[list[str]], colours: list[str] | str = INK, weight: int = 600,
    beyond: float = 0.74,
) -> list[Moving]:  # fmt: skip
    """Words (beta, n) at the chosen β and these heights: to its right, or to its left where it is `beyond` a share."""
    count, motions = len(height), []
    places = np.broadcast_to(np.arange(float(count))[:, None], height.shape)
    left = on_the_left(count, beyond)[:, None]
    for side, mine in (("right", ~left), ("left", left)):
        figure.add_trace(go.Scatter(
            x=[], y=[], mode="text", name=f"at the chosen β, {side}", textposition=f"middle {side}", hoverinfo="skip",
            textfont={"size": SMALL + 0.5, "color": colours, "weight": weight}, meta=FURNITURE,
        ))  # fmt: skip
        aside = 0.022 * count * (1 if side == "right" else -1)
        motions.append(Moving(len(figure.data) - 1, x=np.where(mine, places + aside, np.nan), y=height, text=text))
    return motions
