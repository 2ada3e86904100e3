"""Quality without reference: what the shape of a code says over β, and, in one plot with it, what is kept of Y."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._factors import HALF, spread_out, words_beside
from distill.figures._over_beta import add_read_curve, beta_axis, line_at_beta
from distill.figures._style import axis, blank
from distill.figures.quality import rank_of_means
from distill.figures.ratio import standing
from distill.measures.quality import reference_free
from distill.palette import CLASSES, GROUND, INK, KEPT_RELEVANT

__all__ = ["animated_blindness", "shape_and_relevance", "shapes"]

KEPT = "kept of Y"
LOOKS = {  # of each curve: colour, dash, width
    KEPT: (KEPT_RELEVANT, "solid", 3.4),
    "RankMe": (INK, "solid", 2.2),
    "RankMe of means": (INK, "dot", 1.8),
    "uniformity": (CLASSES[2], "solid", 2.2),
    "participation": (CLASSES[1], "solid", 1.8),
}
ENDS = (-0.03, 1.1)
FALLEN = 0.9  # share of I(X;Y) from which the curve of what is kept has left the others
BELOW, WORD = 0.38, 0.062  # of the axis: how far words stand below high curves, and the height of a line of them


def shape_and_relevance(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """RankMe and participation ratio as shares of K, uniformity of that of an even sphere, and I(Z;Y)/I(X;Y), over β.

    The first three ask for no label and no original (`distill.measures.reference_free`), the last one asks for Y.
    """
    return animated_blindness(run).at(run, choice)


def shapes(run: xr.Dataset) -> dict[str, np.ndarray]:
    """Every curve (beta,) that the run has, shares from 0 to 1; what is kept of Y first."""
    found, latents = reference_free(run), run.sizes["latent"]
    curves = {
        KEPT: np.clip(standing(run).quality, 0, 1),
        "RankMe": found.rank_me.values / latents,
        "RankMe of means": rank_of_means(run) / latents,
        "uniformity": np.clip(found.uniformity_share.values, 0, 1),
        "participation": found.participation_ratio.values / latents,
    }
    return {name: values for name, values in curves.items() if np.isfinite(values).any()}


def animated_blindness(run: xr.Dataset) -> Animation:
    """The curves stand; dots and words follow β."""
    curves, figure = shapes(run), blank(left=60, right=24, top=10)
    shares = {"tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
    figure.update_layout(xaxis=beta_axis(run), yaxis=axis("share of the most that is possible", *ENDS, **shares))
    motions = [line_at_beta(figure, run, ENDS)]
    motions += [_curve(figure, run, name, values) for name, values in reversed(curves.items())]
    values, colours = np.nan_to_num(np.array(list(curves.values()))).T, [LOOKS[name][0] for name in curves]
    motions.append(_dots(figure, values, colours))
    text = [[f"{name} {100 * each:.0f} %" for name, each in zip(curves, row, strict=True)] for row in values]
    wished = np.where(values > HALF, values - BELOW, values + 0.05)  # what is high has its room below
    falling = (values[:, 0] > HALF) & (values[:, 0] < FALLEN)
    wished[falling, 0] = values[falling, 0]  # of the curve that falls, beside it
    words = words_beside(figure, spread_out(wished, WORD, (0.0, 1.07)), text, colours, beyond=HALF)
    return Animation(figure, (*motions, *words))


def _curve(figure: go.Figure, run: xr.Dataset, name: str, values: np.ndarray) -> Moving:
    colour, dash, width = LOOKS[name]
    return add_read_curve(figure, run, values, [f"{100 * each:.0f} %" for each in values], name, colour, width, dash)


def _dots(figure: go.Figure, values: np.ndarray, colours: list[str]) -> Moving:
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name="at the chosen β", hoverinfo="skip",
        marker={"size": 11, "color": colours, "line": {"width": 1.5, "color": GROUND}},
    ))  # fmt: skip
    places = np.broadcast_to(np.arange(float(len(values)))[:, None], values.shape)
    return Moving(len(figure.data) - 1, x=places, y=values)
