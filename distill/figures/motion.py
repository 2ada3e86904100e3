"""Which motion on a map is real: what items move from β to β beside what another seed of UMAP moves them."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation, Moving, chosen
from distill.figures._over_beta import beta_axis, line_at_beta
from distill.figures._style import axis, blank, knob_values, note
from distill.palette import GROUND, INK, SOFT_INK

__all__ = ["animated_stability", "has_stability", "map_stability"]


def map_stability(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """How far items move on the UMAP from the β before, beside how far a rerun with another seed puts them.

    Both are means over items of the distance between two layouts of the same items, each in units of its own standard
    deviation, after orthogonal Procrustes. The rerun starts from the same layout and differs in the seed of UMAP only:
    where the line of motion is no higher than the line of chance, what is seen to move is the method and not the codes.

    Raises:
        InvalidValue: for a run without a UMAP whose motion was measured.
    """
    chosen(run, choice)
    return animated_stability(run).at(run, choice)


def has_stability(run: xr.Dataset) -> bool:
    """Whether the motion on the run's map, and that of a rerun, were measured."""
    return "map_motion" in run and "map_rerun" in run


def animated_stability(run: xr.Dataset) -> Animation:
    """The two lines over β, and marks at the chosen one."""
    if not has_stability(run):
        raise InvalidValue(f"run {run.attrs['id']} has no measured motion of its map: it comes with the run's UMAP")
    motion, chance = (run[name].transpose("beta").values.astype(float) for name in ("map_motion", "map_rerun"))
    top = 1.15 * max(0.1, float(np.nanmax([motion, chance])))
    figure = blank(left=58, right=12, top=20, bottom=42)
    figure.update_layout(xaxis=beta_axis(run), yaxis=axis("moved, sd", 0, top, nticks=4))
    motions = [_band(figure, chance), line_at_beta(figure, run, (0, top))]
    motions += [_curve(figure, run, chance, "another seed", SOFT_INK, "dot")]
    motions += [_curve(figure, run, motion, "from the β before", INK, "solid")]
    motions += [_mark(figure, values, colour) for values, colour in ((chance, SOFT_INK), (motion, INK))]
    above = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    figure.add_annotation(note("line: since the β before · dots: chance, another seed", 0, 1.01, **above))
    return Animation(figure, tuple(motions))


def _band(figure: go.Figure, chance: np.ndarray) -> Moving:
    """What is no more than chance, as a grey ground."""
    places = np.arange(len(chance), dtype=float)
    figure.add_trace(go.Scatter(
        x=np.r_[places, places[::-1]], y=np.r_[np.nan_to_num(chance), np.zeros(len(chance))], mode="lines",
        fill="toself", fillcolor="rgba(91, 98, 114, 0.14)", line={"width": 0, "color": SOFT_INK}, hoverinfo="skip",
        name="within chance", meta="furniture",
    ))  # fmt: skip
    return Moving(len(figure.data) - 1)


def _curve(figure: go.Figure, run: xr.Dataset, values: np.ndarray, name: str, colour: str, dash: str) -> Moving:
    figure.add_trace(go.Scatter(
        x=np.arange(len(values)), y=values, mode="lines", name=name, line={"color": colour, "width": 2, "dash": dash},
        customdata=knob_values(run), hovertemplate=f"{name}<br>β = %{{customdata}}: %{{y:.2f}}<extra></extra>",
    ))  # fmt: skip
    return Moving(len(figure.data) - 1)


def _mark(figure: go.Figure, values: np.ndarray, colour: str) -> Moving:
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name="chosen β", hoverinfo="skip", meta="furniture",
        marker={"size": 11, "color": colour, "line": {"width": 2, "color": GROUND}},
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, x=np.arange(float(len(values)))[:, None], y=values[:, None])
