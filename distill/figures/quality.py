"""Measures of a code that need no reference beside those that need Y or X: small multiples over one axis of β."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._factors import on_the_left
from distill.figures._over_beta import add_mark, beta_axis, line_at_beta
from distill.figures._style import FURNITURE, SMALL, axis, blank, knob_values, note
from distill.measures.limits import ceiling_y
from distill.measures.quality import rank_me, reference_free
from distill.measures.retention import selection
from distill.measures.seeds import averaged
from distill.palette import INK, KEPT_IRRELEVANT, KEPT_RELEVANT, SOFT_INK

__all__ = [
    "animated_with_reference", "animated_without_reference", "rank_of_means", "with_reference", "without_reference",
]  # fmt: skip

TITLE = 0.055  # of the height, for the words above a panel
LEAST = 0.01  # bits: where the logarithmic axis of the unused rate ends
TOP, BOTTOM = 22, 48


class Line(NamedTuple):
    """One curve (beta,) of a panel; the first of a panel is read at the chosen β."""

    name: str
    values: np.ndarray
    colour: str = INK
    dash: str = "solid"


class Panel(NamedTuple):
    """A small figure over β: what it says above it, its lines, the ends of its axis, its ticks and how it is read."""

    title: str
    lines: tuple[Line, ...]
    ends: tuple[float, float]
    ticks: dict[str, object]
    read: str
    log: bool = False


def without_reference(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """RankMe, participation ratio, uniformity, unused rate and active dimensions over β, of the last codes.

    None asks for a label, a factor or an original (`distill.measures.reference_free`).
    """
    return animated_without_reference(run).at(run, choice)


def with_reference(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """I(Z;Y), error with one code, semantic preservation, nuisance leakage and selectivity over β, at the last step.

    The last three are this program's own definitions (`distill.measures.selection`). What a run has not is left out.
    """
    return animated_with_reference(run).at(run, choice)


def animated_without_reference(run: xr.Dataset) -> Animation:
    """The curves stand, the marks follow β."""
    found, means = reference_free(run), rank_of_means(run)
    latents = run.sizes["latent"]
    ranks = {"tickvals": sorted({1, (latents + 1) // 2, latents})}
    whole, some = (0.0, 1.08 * latents), {"tickvals": [0, 0.5, 1], "tickformat": ".0%"}
    rate = np.maximum(found.unused_rate.values, LEAST)
    highest = float(np.nanmax(rate, initial=1.0))
    panels = (
        Panel("RankMe of codes; dotted: of their means",
              (Line("RankMe", found.rank_me.values), Line("RankMe of the means", means, SOFT_INK, "dot")),
              whole, ranks, ".2f"),
        Panel("participation ratio", (Line("participation ratio", found.participation_ratio.values),),
              whole, ranks, ".2f"),
        Panel("uniformity, of that of an even sphere", (Line("uniformity", found.uniformity_share.values),),
              (-0.12, 1.12), some, ".0%"),
        Panel("unused rate KL(q‖r), bits", (Line("unused rate", rate),), (LEAST, 2 * highest),
              {"tickvals": [0.01, 1, 100, 1e4], "ticktext": ["0.01", "1", "100", "10⁴"]}, ".2g", log=True),
        Panel("active: Var μ > 0.01; dotted: KL > 0.01 nat",
              (Line("active by mean", found.active_by_mean.values),
               Line("active by rate", found.active_by_rate.values, SOFT_INK, "dot")),
              (-0.12 * latents, 1.08 * latents), ranks, ".0f"),
    )  # fmt: skip
    return _stacked(run, panels)


def animated_with_reference(run: xr.Dataset, probe: str = "logistic") -> Animation:
    """The curves stand, the marks follow β; panels that would be empty are left out."""
    last = averaged(run).isel(step=-1).sel(split="test")
    shares, most = {"tickvals": [0, 0.5, 1], "tickformat": ".0%"}, max(float(ceiling_y(run)[-1]), 0.1)
    panels = [
        Panel("I(Z;Y), bits", (Line("I(Z;Y)", last.information_y.values, KEPT_RELEVANT),), (-0.12 * most, 1.12 * most),
              {"nticks": 3}, ".2f"),
        Panel("error with one code", (Line("error with one code", last.error_one.values),), (-0.12, 1.12), shares,
              ".1%"),
    ]  # fmt: skip
    if "factor_kept" in run:
        found, ends = selection(run, probe), (-0.12, 1.12)
        panels += [
            Panel("semantic preservation (our own definition)",
                  (Line("semantic preservation", found.preservation.values, KEPT_RELEVANT),), ends, shares, ".0%"),
            Panel("nuisance leakage (our own definition)",
                  (Line("nuisance leakage", found.leakage.values, KEPT_IRRELEVANT),), ends, shares, ".0%"),
            Panel("selectivity, the difference (our own)",
                  (Line("selectivity", found.selectivity.values),), ends, shares, ".0%"),
        ]  # fmt: skip
    return _stacked(run, [each for each in panels if np.isfinite(each.lines[0].values).any()])


def rank_of_means(run: xr.Dataset) -> np.ndarray:
    """(beta,) RankMe of the means of the last codes, which the noise has not filled; NaN for symbols."""
    if run.attrs.get("code") == "categorical":
        return np.full(run.sizes["beta"], np.nan)
    means = run.code_mean.isel(code_step=-1).transpose("beta", "point", "latent").values
    return np.array([rank_me(each) for each in means.astype(np.float64)])


def _stacked(run: xr.Dataset, panels: Sequence[Panel]) -> Animation:
    """Panels under each other over one axis of β."""
    figure, count, motions = blank(left=52, right=12, top=TOP, bottom=BOTTOM), len(panels), []
    figure.update_layout(xaxis=beta_axis(run, anchor=_y(count - 1)))
    for i, panel in enumerate(panels):
        top = 1 - i / count
        look = axis("", *_ends(panel), domain=[top - 1 / count + TITLE, top], anchor="x", **panel.ticks)
        figure.update_layout({f"yaxis{'' if i == 0 else i + 1}": look | ({"type": "log"} if panel.log else {})})
        figure.add_annotation(note(
            panel.title, 0, 1, xref="paper", yref=f"{_y(i)} domain", xanchor="left", yanchor="bottom", yshift=1,
            font={"size": SMALL, "color": INK},
        ))  # fmt: skip
        motions += _drawn(figure, run, panel, _y(i))
    return Animation(figure, tuple(motions))


def _y(place: int) -> str:
    return "y" if place <= 0 else f"y{place + 1}"


def _ends(panel: Panel) -> tuple[float, float]:
    low, high = panel.ends
    return (float(np.log10(low)), float(np.log10(high))) if panel.log else panel.ends


def _drawn(figure: go.Figure, run: xr.Dataset, panel: Panel, name: str) -> list[Moving]:
    """The line at β, the curves, the mark on the first of them and its value in words."""
    axes = {"xaxis": "x", "yaxis": name}
    motions = [line_at_beta(figure, run, panel.ends, **axes)]
    for each in panel.lines:
        figure.add_trace(go.Scatter(
            x=np.arange(len(each.values)), y=each.values, mode="lines" if len(each.values) > 1 else "markers",
            name=each.name, line={"color": each.colour, "width": 1.8, "dash": each.dash},
            marker={"color": each.colour, "size": 6}, customdata=knob_values(run),
            hovertemplate=f"{each.name}<br>β = %{{customdata}}: %{{y:{panel.read}}}<extra></extra>", **axes,
        ))  # fmt: skip
        motions.append(Moving(len(figure.data) - 1))
    first = panel.lines[0]
    motions.append(add_mark(figure, first.values, first.name, first.colour, **axes))
    return [*motions, *_words(figure, panel, axes)]


def _words(figure: go.Figure, panel: Panel, axes: dict[str, str]) -> list[Moving]:
    """The value at the chosen β, beside the mark where there is room."""
    values, motions = panel.lines[0].values, []
    left, places = on_the_left(len(values)), np.arange(float(len(values)))
    low, high = panel.ends
    lifted = np.where(values > (low + high) / 2, -0.13, 0.13) * (high - low)
    height = values * np.where(values > 1, 0.4, 2.5) if panel.log else values + lifted
    text = [[_said(each, panel)] for each in values]
    for side, mine in (("right", ~left), ("left", left)):
        figure.add_trace(go.Scatter(
            x=[], y=[], mode="text", name=f"{panel.lines[0].name} at the chosen β, {side}", hoverinfo="skip",
            textposition=f"middle {side}", textfont={"size": SMALL + 0.5, "color": INK, "weight": 600}, meta=FURNITURE,
            **axes,
        ))  # fmt: skip
        aside = 0.02 * len(values) * (1 if side == "right" else -1)
        x = np.where(mine, places + aside, np.nan)[:, None]
        motions.append(Moving(len(figure.data) - 1, x=x, y=height[:, None], text=text))
    return motions


def _said(value: float, panel: Panel) -> str:
    """A value as it is read; at the end of a logarithmic axis only that it is no larger."""
    least = "≤ " if panel.log and value <= panel.ends[0] else ""
    return "" if np.isnan(value) else least + format(value, panel.read).replace("%", " %")
