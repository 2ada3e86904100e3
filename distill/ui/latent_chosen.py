"""The items that were chosen on the map: what they are, how a factor is spread among them, how far apart they come."""

import csv
import html
import io
import json

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import xarray as xr

from distill.figures._over_beta import beta_axis, line_at_beta
from distill.figures._pictures import are_pictures, levels
from distill.figures._style import axis, blank, caption, knob_ticks, knob_value, knob_values
from distill.measures.codes import sampled_codes
from distill.measures.tasks import main_factor
from distill.palette import DARK, GRID, INK, SOFT_INK
from distill.ui.envelope import Moving, Slider, Stage, View, pack
from distill.ui.stage import stage

KEY = "latent-chosen"
MOST_PICTURES, MOST_TEXTS, MOST_ROWS = 60, 20, 200
CHOSEN, ALL = INK, SOFT_INK
SHARES, APART = "A factor among the chosen", "How far apart the chosen lie"


def panel(run: xr.Dataset, items: tuple[int, ...], beta: int) -> None:
    """What was chosen, under the stage; one line of what to do where nothing is."""
    items = tuple(item for item in items if item < run.sizes["point"])
    if not items:
        st.html(
            '<p class="soft">Take Box or Lasso and draw around a group on the map, or click a colour in its legend: '
            "the group stays marked while you squeeze, and its items are shown here.</p>"
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="latent-chosen-head"):
        st.html(f'<h2 class="part">{len(items)} of {run.sizes["point"]} items chosen</h2>', width="content")
        factor = _factor(run)
        st.download_button(
            "CSV of the chosen", data=lambda: as_csv(run, items, beta).encode(), mime="text/csv", on_click="ignore",
            file_name=f"distill-{run.attrs['id']}-chosen.csv", key="latent-csv",
            help=f"Number, factors and sampled code of each, at β = {knob_value(run, beta)}.",
        )  # fmt: skip
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _shown(run, items)
    with right:
        stage(pack(chosen_stage(run, items, factor, beta)), key=KEY)


def chosen_stage(run: xr.Dataset, items: tuple[int, ...], factor: str, beta: int) -> Stage:
    """How a factor is spread among the chosen beside all, and how far apart the chosen lie at every β."""
    spread, apart = shares(run, items, factor), dispersion(run, items)
    words = f"Bars: share of the {len(items)} chosen. Ticks: share of all {run.sizes['point']} stored items."
    far = "RMS distance of their sampled codes from their middle, as a share of that of all stored items."
    views = (
        View(SHARES, *_histogram(spread, factor), title=f"{factor} among the chosen".capitalize(), subtitle=words),
        View(APART, *_dispersed(run, apart), title=APART, subtitle=far),
    )
    return Stage(
        views, Slider("β", knob_values(run), beta, knob_ticks(run)), identity=f"{run.attrs['id']} {factor}",
        caption=f"{caption(run)} · {len(items)} items chosen", filename=f"distill-{run.attrs['id']}-chosen",
        palette=DARK, revision=beta,
    )  # fmt: skip


def shares(run: xr.Dataset, items: tuple[int, ...], factor: str) -> list[tuple[str, float, float]]:
    """(value, share of the chosen that have it, share of all) of every value of a factor that any item has."""
    values, names = run.factors.sel(factor=factor).values, json.loads(run.attrs["classes"])[factor]
    mine = values[list(items)]
    return [
        (name, float((mine == index).mean()), float((values == index).mean()))
        for index, name in enumerate(names)
        if (values == index).any()
    ]


def dispersion(run: xr.Dataset, items: tuple[int, ...]) -> np.ndarray:
    """How dispersed the chosen are among all, (beta,): RMS distance of their codes from their middle over that of all.

    0 is one point, 1 as spread out as all stored items; NaN where all codes are one.
    """
    codes = sampled_codes(run)

    def spread(some: np.ndarray) -> np.ndarray:
        return np.sqrt(np.square(some - some.mean(1, keepdims=True)).sum(-1).mean(1))

    whole = spread(codes)
    return spread(codes[:, list(items)]) / np.where(whole > 0, whole, np.nan)


def as_csv(run: xr.Dataset, items: tuple[int, ...], beta: int) -> str:
    """The chosen as a table: number in the data set, every factor by name, the sampled code at this β."""
    classes, codes = json.loads(run.attrs["classes"]), sampled_codes(run)[beta]
    factors = [str(each) for each in run.factor.values]
    out = io.StringIO()
    out.write(f"# {caption(run)} · β = {knob_value(run, beta)} · sampled codes of the last step\n")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["index", *factors, *(f"z{k + 1}" for k in range(codes.shape[1]))])
    for item in sorted(items):
        named = [classes[name][int(run.factors.sel(factor=name).values[item])] for name in factors]
        rows.writerow([int(run.point.values[item]), *named, *(f"{value:.6g}" for value in codes[item])])
    return out.getvalue()


def _factor(run: xr.Dataset) -> str:
    """The factor that is counted among the chosen."""
    names = [str(each) for each in run.factor.values]
    first = main_factor(run)
    return st.selectbox(
        "Factor", names, names.index(first) if first in names else 0, key=f"latent-factor-{run.attrs['id']}",
        label_visibility="collapsed", width=160,
    )  # fmt: skip


def _shown(run: xr.Dataset, items: tuple[int, ...]) -> None:
    """The chosen items themselves: pictures, sentences, or rows of a table."""
    if are_pictures(run):
        st.html(_gallery(run, items))
    elif "text" in run:
        lines = "".join(f"<li>{html.escape(str(run.text.values[item]))}</li>" for item in items[:MOST_TEXTS])
        st.html(f'<ul class="latent-texts">{lines}</ul>{_more(len(items), MOST_TEXTS)}')
    else:
        _table(run, items[:MOST_ROWS])


def _gallery(run: xr.Dataset, items: tuple[int, ...]) -> str:
    import base64

    from PIL import Image

    found = []
    for item, picture in zip(items[:MOST_PICTURES], levels(run)[list(items[:MOST_PICTURES])], strict=True):
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "PNG")
        address = base64.b64encode(out.getvalue()).decode()
        found.append(f'<img src="data:image/png;base64,{address}" alt="item {item}" title="item {item}">')
    return f'<div class="latent-gallery">{"".join(found)}</div>{_more(len(items), MOST_PICTURES)}'


def _more(count: int, most: int) -> str:
    return f'<p class="soft">and {count - most} more</p>' if count > most else ""


def _table(run: xr.Dataset, items: tuple[int, ...]) -> None:
    """The inputs as they were before they were standardised, and the factors."""
    places, classes = list(items), json.loads(run.attrs["classes"])
    values = run.inputs.transpose("point", "feature").values[places].astype(float)
    if "feature_scale" in run:
        values = values * run.feature_scale.values + run.feature_offset.values
    else:
        values = values * float(run.inputs.attrs["scale"]) + float(run.inputs.attrs["offset"])
    names = [str(name) for name in run.feature_name.values] if "feature_name" in run else None
    names = names or [f"x{k + 1}" for k in range(values.shape[1])]
    columns = {"item": places} | {name: values[:, k].round(4) for k, name in enumerate(names[:30])}
    for factor in (str(each) for each in run.factor.values):
        columns[factor] = [classes[factor][int(value)] for value in run.factors.sel(factor=factor).values[places]]
    st.dataframe(columns, height=260, hide_index=True)


def _histogram(found: list[tuple[str, float, float]], factor: str) -> tuple[go.Figure, tuple[Moving, ...]]:
    """Bars of the chosen, and a tick at the share of all."""
    names, mine, whole = zip(*found, strict=True)
    figure, places = blank(left=48, right=10, top=8, bottom=46), list(range(len(names)))
    figure.update_layout(
        xaxis=axis(factor, -0.6, len(names) - 0.4, tickvals=places, ticktext=list(names), showgrid=False),
        yaxis=axis("share", 0, 1.05, tickformat=".0%"), bargap=0.3,
    )  # fmt: skip
    figure.add_trace(go.Bar(
        x=places, y=mine, name="chosen", marker={"color": CHOSEN, "line": {"width": 0}},
        hovertemplate="%{y:.0%} of the chosen<extra></extra>",
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=places, y=whole, mode="markers", name="all", hovertemplate="%{y:.0%} of all<extra></extra>",
        marker={"symbol": "line-ew", "size": 18, "color": ALL, "line": {"width": 2.5, "color": ALL}},
    ))  # fmt: skip
    return figure, ()


def _dispersed(run: xr.Dataset, apart: np.ndarray) -> tuple[go.Figure, tuple[Moving, ...]]:
    figure, top = blank(left=48, right=10, top=8, bottom=46), max(1.1, 1.05 * float(np.nanmax(apart, initial=0)))
    figure.update_layout(xaxis=beta_axis(run), yaxis=axis("share of all", 0, top))
    line = line_at_beta(figure, run, (0, top))
    for y, name, look in ((np.ones(len(apart)), "all", {"color": GRID, "width": 2}),
                          (apart, "chosen", {"color": CHOSEN, "width": 2})):  # fmt: skip
        figure.add_trace(go.Scatter(
            x=np.arange(len(apart)), y=y, mode="lines", name=name, line=look, customdata=knob_values(run),
            hovertemplate="β = %{customdata}: %{y:.2f}<extra></extra>",
        ))  # fmt: skip
    return figure, (line, Moving(len(figure.data) - 2), Moving(len(figure.data) - 1))
