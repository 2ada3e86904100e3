"""The error curve: how often one code is decoded wrongly, how often twelve averaged are, and what no decoder can do."""

import json

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._over_beta import beta_axis, line_at_beta
from distill.figures._style import axis, blank, knob_values, note
from distill.measures.fano import fano_floor
from distill.measures.seeds import averaged
from distill.palette import GRID, GROUND, INK, SOFT_INK

__all__ = ["animated_errors", "error_curve"]

CURVES = {"error_one": ("one code", INK), "error_average": ("twelve codes averaged", SOFT_INK)}
SPLITS = {"test": ("solid", 2.0), "train": ("dot", 1.2)}


def error_curve(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Share of items decoded wrongly over β, with one code and with twelve averaged, on test and on training items.

    Only the error with one code stands beside the bits of one code: averaging uses twelve, and may do better than
    I(X;Z) allows. Below both, Fano's floor: no decoder of one code errs less often (measured I(X;Z), test items).
    The chosen β and its two errors on the chosen split are marked.
    """
    return animated_errors(run, choice.split).at(run, choice)


def animated_errors(run: xr.Dataset, split: str = "test") -> Animation:
    """The curves move with the step, the marks with β and the step."""
    run = averaged(run)
    figure = blank(left=56, right=84, top=26)
    figure.update_layout(xaxis=beta_axis(run), yaxis=axis("error, share of items", 0, 1, tickformat=".0%"))
    motions = [_floor(figure, run)] if bool(run.information_x.notnull().any()) else []
    motions.append(line_at_beta(figure, run, (0, 1)))
    motions += [_curve(figure, run, name, each) for name in CURVES for each in SPLITS]
    motions += [_mark(figure, run, name, split) for name in CURVES]
    figure.update_layout(annotations=_labels(run))
    return Animation(figure, tuple(motions))


def _curve(figure: go.Figure, run: xr.Dataset, name: str, split: str) -> Moving:
    (word, colour), (dash, width) = CURVES[name], SPLITS[split]
    places, values = np.arange(run.sizes["beta"]), run[name].sel(split=split).transpose("step", "beta").values
    figure.add_trace(go.Scatter(
        x=places, y=[], mode="lines" if len(places) > 1 else "markers", name=f"{word}, {split} items",
        line={"color": colour, "width": width, "dash": dash}, marker={"color": colour, "size": 7},
        customdata=knob_values(run),
        hovertemplate=f"{word}, {split} items<br>β = %{{customdata}}: %{{y:.1%}}<extra></extra>",
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, y=values[:, None, :])


def _floor(figure: go.Figure, run: xr.Dataset) -> Moving:
    """Fano's floor of the test items, at every step."""
    at, classes = run.sel(split="test"), len(json.loads(run.attrs["classes"])[run.attrs["label_name"]])
    kept = at.information_x.transpose("step", "beta").values
    floor = np.stack([fano_floor(row, h, classes) for row, h in zip(kept, at.entropy_y.values, strict=True)])
    figure.add_trace(go.Scatter(
        x=np.arange(run.sizes["beta"]), y=[], mode="lines", name="Fano's floor for one code", hoverinfo="skip",
        line={"color": SOFT_INK, "width": 1}, fill="tozeroy", fillcolor=GRID, opacity=0.55,
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, y=floor[:, None, :])


def _mark(figure: go.Figure, run: xr.Dataset, name: str, split: str) -> Moving:
    values = run[name].sel(split=split).transpose("step", "beta").values
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name=f"chosen β, {CURVES[name][0]}", hoverinfo="skip",
        marker={"size": 13, "color": CURVES[name][1], "line": {"width": 2, "color": GROUND}},
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, x=np.arange(run.sizes["beta"], dtype=float)[:, None], y=values[..., None])


def _labels(run: xr.Dataset) -> list[dict[str, object]]:
    """Words at the curves, where they rise; what solid and dotted mean, above the plot."""
    last, found = run.isel(step=-1).sel(split="test"), []
    for name, (word, colour) in CURVES.items():
        values = last[name].transpose("beta").values
        place = int(np.argmax(values >= (values.min() + values.max()) / 2)) if name == "error_one" else len(values) - 1
        side, shift = ("right", -10) if name == "error_one" and place > 0 else ("left", 10)
        words = word.replace(" codes averaged", " codes,<br>averaged")
        apart = 0 if len(values) > 1 else 14 if name == "error_one" else -14  # of a single β both stand at one place
        found.append(
            note(
                words,
                place,
                float(values[place]),
                xanchor=side,
                xshift=shift,
                yshift=apart,
                align="left",
                font={"size": 11.5, "color": colour},
            )
        )
    above = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    floor = " · grey: out of reach with one code (Fano)" if bool(run.information_x.notnull().any()) else ""
    return [*found, note(f"solid: test items · dotted: training items{floor}", 0, 1.01, **above)]
