"""The bit ledger over β: where each of the log2 N bits has gone at every strength, as stacked areas."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._over_beta import beta_axis
from distill.figures._style import FURNITURE, SMALL, axis, blank, note
from distill.figures.keeping import WORDS
from distill.measures.ledgers import ledger
from distill.measures.limits import ceiling_x
from distill.measures.seeds import averaged
from distill.palette import GROUND, INK, PARTS

__all__ = ["animated_ledger_area", "ledger_over_beta"]

THIN = 0.045  # of the axis: a part thinner than this at the chosen β has no number in it
LEFT, RIGHT = 48, 16
NO_LEDGER = "no ledger: the run has no I(X;Z), or no H(X), to divide into parts"


def ledger_over_beta(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """The four parts of H(X) = log2 N over β at the chosen step, stacked; from below kept relevant, kept irrelevant,
    lost relevant, lost irrelevant.

    At the chosen β each is written in bits. A run without a ledger has an empty plot that says so.
    """
    return animated_ledger_area(run, choice.split).at(run, choice)


def animated_ledger_area(run: xr.Dataset, split: str = "test") -> Animation:
    """The areas move with the step, the line and its numbers with β too."""
    run = averaged(run)
    parts, ceiling = ledger(run, split), ceiling_x(run, split).values
    figure = blank(left=LEFT, right=RIGHT, top=40)
    whole = float(np.nanmax(ceiling)) if np.isfinite(ceiling).any() else 1.0
    figure.update_layout(xaxis=beta_axis(run, showgrid=False), yaxis=axis("bits", 0, whole, nticks=6))
    if not bool(parts.kept_irrelevant.notnull().any()):
        figure.add_annotation(note(NO_LEDGER, 0.5, 0.5, xref="paper", yref="paper"))
        return Animation(figure, (_line(figure, run, whole),))
    _legend(figure)
    heights = np.cumsum([np.zeros_like(parts.kept_relevant.values), *(parts[name].values for name in PARTS)], axis=0)
    motions = [
        _area(figure, name, colour, heights[i], heights[i + 1]) for i, (name, colour) in enumerate(PARTS.items())
    ]
    return Animation(figure, (*motions, _line(figure, run, whole), _numbers(figure, heights, THIN * whole)))


def _area(figure: go.Figure, name: str, colour: str, bottom: np.ndarray, top: np.ndarray) -> Moving:
    """One part between two heights (step, beta), drawn to the edges of the plot."""
    low, high = (np.pad(each, ((0, 0), (1, 1)), mode="edge") for each in (bottom, top))
    count = bottom.shape[1]
    places = np.r_[-0.5, np.arange(count), count - 0.5]
    figure.add_trace(go.Scatter(
        x=np.r_[places, places[::-1]], y=[], mode="lines", name=WORDS[name], fill="toself", fillcolor=colour,
        line={"width": 0, "color": colour}, hoverinfo="skip",
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, y=np.concatenate([high, low[:, ::-1]], axis=1)[:, None])


def _line(figure: go.Figure, run: xr.Dataset, top: float) -> Moving:
    """The chosen β; over areas a broad quiet line would not be seen."""
    figure.add_trace(go.Scatter(
        x=[], y=[0, top], mode="lines", line={"color": INK, "width": 1.5}, name="chosen β", hoverinfo="skip",
        meta=FURNITURE,
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, x=np.repeat(np.arange(float(run.sizes["beta"]))[:, None], 2, axis=1))


def _numbers(figure: go.Figure, heights: np.ndarray, thin: float) -> Moving:
    """The bits of each part in its middle, beside the line: (part + 1, step, beta) heights."""
    thick, middle = np.diff(heights, axis=0), (heights[1:] + heights[:-1]) / 2
    count = thick.shape[2]
    beside = np.where(np.arange(count) > 0.88 * (count - 1), -0.06, 0.06)  # of the axis, where there is room
    places = np.broadcast_to(np.arange(count) + beside * count, thick.shape)
    text = np.where(thick >= thin, [[[f"{each:.2f}" for each in row] for row in part] for part in thick], "")
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="text", name="bits at the chosen β", textposition="middle center", hoverinfo="skip",
        # a bold word has a halo of the page's colour on a stage, which one in that colour must not have
        textfont={"size": SMALL + 1, "color": [GROUND, INK] * 2, "weight": [500, 600] * 2},
    ))  # fmt: skip
    x, y, words = (np.moveaxis(each, 0, -1) for each in (places, middle, text))
    return Moving(len(figure.data) - 1, x=x, y=y, text=words.tolist())


def _legend(figure: go.Figure) -> None:
    """The four colours of the program in words, in two columns above the plot."""
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    for i, (name, colour) in enumerate(PARTS.items()):
        words, look = f'<span style="color:{colour}">■</span> {WORDS[name]}', {"font": {"size": SMALL, "color": INK}}
        figure.add_annotation(note(words, 0.5 * (i // 2), 1, yshift=20 - 17 * (i % 2), **place, **look))
