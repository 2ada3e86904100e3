"""What the codes of a plane are: a Gaussian an item, drawn as the ellipse that holds 95 % of it."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation, Moving
from distill.figures._colouring import colouring
from distill.figures._style import FURNITURE
from distill.figures.maps import animated_map, explained, framed
from distill.palette import SOFT_INK

__all__ = ["are_ellipses", "ellipse_corners", "posterior_ellipses", "with_ellipses"]

SHARE = float(np.sqrt(-2 * np.log(0.05)))  # √χ²₂(0.95): semi-axes of what holds 95 %, in standard deviations
CORNERS, MOST = 20, 200  # of an ellipse; ellipses that are drawn
ROOM = 1.3  # half the width of the frame, whose items lie within 1


def posterior_ellipses(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """The codes of K = 2 as they are: of each item a sampled code and the ellipse that holds 95 % of q(z|x).

    After Alemi et al. 2017, figure 2. With more compression the ellipses grow and overlap: items whose ellipses lie on
    one another can no longer be told apart by one code. Semi-axes are 2.448 σ along each dimension, in the frame of the
    map of that β. At most 200 items have theirs drawn; last step, first seed.

    Raises:
        InvalidValue: for codes that are not Gaussians in a plane.
    """
    figure = with_ellipses(run, choice, animated_map(run, choice)).at(run, choice)
    if colouring(run, choice.colour).readings:
        explained(figure)
    return figure


def are_ellipses(run: xr.Dataset) -> bool:
    """Whether the run's codes are Gaussians in a plane."""
    return run.attrs.get("code", "gaussian") == "gaussian" and run.sizes["latent"] == 2


def with_ellipses(run: xr.Dataset, choice: Choice, drawn: Animation) -> Animation:
    """The map with the ellipses of its items under them, in the items' colours where these stay the same along β."""
    if not are_ellipses(run):
        raise InvalidValue(f"run {run.attrs['id']} has no ellipses: its codes are not Gaussians of two dimensions")
    outlines, colours = _outlines(run), colouring(run, choice.colour)
    figure = go.Figure(layout=drawn.figure.layout)
    figure.update_layout(xaxis_range=[-ROOM, ROOM], yaxis_range=[-ROOM, ROOM])
    motions = []
    for index, colour in [(None, SOFT_INK)] if colours.readings else enumerate(colours.colours):
        mine = slice(None) if index is None else colours.values[: outlines.shape[1]] == index
        flat = outlines[:, mine].reshape(len(outlines), -1, 2)
        motions.append(Moving(len(figure.data), x=flat[..., 0], y=flat[..., 1]))
        figure.add_trace(go.Scatter(
            x=[], y=[], mode="lines", name="95 % of the codes", hoverinfo="skip",
            opacity=0.25 if colours.readings else 0.45,
            line={"color": colour, "width": 1}, meta=FURNITURE, showlegend=False,
        ))  # fmt: skip
    shift = len(figure.data)
    figure.add_traces(drawn.figure.data)
    moved = (Moving(**(vars(each) | {"trace": each.trace + shift})) for each in drawn.motions)
    return Animation(figure, (*motions, *moved))


def ellipse_corners(mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Corners (…, 21, 2) on the ellipse that holds 95 % of a Gaussian with this mean and deviations (…, 2); closed."""
    turn = np.linspace(0, 2 * np.pi, CORNERS + 1)
    round_ = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    return mean[..., None, :] + SHARE * scale[..., None, :] * round_


def _outlines(run: xr.Dataset) -> np.ndarray:
    """(beta, item, 22, 2): each outline, in the frame of its β, ended by NaN."""
    last = run.isel(code_step=-1)
    mean, scale = (last[name].transpose("beta", "point", "latent").values.astype(float)[:, :MOST]
                   for name in ("code_mean", "code_scale"))  # fmt: skip
    middle, reach = framed(last.codes_2d.transpose("beta", "point", "axis").values.astype(float))
    corners = (ellipse_corners(mean, scale) - middle[:, :, None]) / reach[:, :, None]
    return np.concatenate([corners, np.full((*corners.shape[:2], 1, 2), np.nan)], axis=2)
