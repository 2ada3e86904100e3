"""Kept pictures: eight items, what their codes keep of them, and what is gone."""

import base64
import io
import json

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import chosen
from distill.figures._pictures import ZERO, Rows, are_kept, are_pictures, picture_rows
from distill.figures._style import blank, knob_value, note
from distill.measures.decoding import shown_items
from distill.palette import GROUND, INK, SOFT_INK

__all__ = ["kept_pictures"]

LESS, MORE = (140, 81, 10), (1, 102, 94)  # brown and green: where light was added, and where it is missing
GAP = 0.14  # between pictures, in units of their width
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 900, 84, 14, 30, 52
ABOUT = (
    "kept: E[x|z], by a decoder fitted when the training had ended, at {knob} = {value}<br>"
    "discarded: original − kept, green where light is missing, brown where it was added"
)


def kept_pictures(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Eight stored items in three rows: as they are, E[x|z] at the chosen β, and the difference of the two.

    The decoder is fitted once the training has ended, so that the rows are the same for every step. Each picture is
    a trace whose customdata are its levels (h, w[, 3]): 0 to 255, of the difference −128 to 127, in halves.

    Raises:
        InvalidValue: where items are no pictures, the decoder is not fitted yet, or the run has no such β or step.
    """
    _, beta = chosen(run, choice)
    items = _checked(run)
    rows = {name: each if name == "original" else each[beta] for name, each in picture_rows(run, items).items()}
    height, width = rows["original"].shape[1:3]
    across, down = width * (1 + GAP), height + width * GAP
    figure = blank(LEFT, RIGHT, TOP, BOTTOM)
    for row, (name, pictures) in enumerate(rows.items()):
        for place, (item, picture) in enumerate(zip(items, pictures, strict=True)):
            figure.add_trace(_picture(name, item, picture, place * across, -row * down))
    _axes(figure, run, items, rows, across, down)
    words = ABOUT.format(knob=json.loads(run.attrs["knob"])["label"].lower(), value=knob_value(run, beta))
    below = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top", "yshift": -8}
    figure.add_annotation(note(words, 0, 0, align="left", **below))
    return figure


def _checked(run: xr.Dataset) -> list[int]:
    """The items to show; raises InvalidValue where there is nothing to show."""
    if not are_pictures(run):
        count = run.sizes["feature"]
        raise InvalidValue(f"the items of run {run.attrs['id']} are no pictures but {count} numbers each")
    if not are_kept(run):
        gone = "decoder" in run.attrs.get("left_out", "")
        why = "they were left out of this example; train it to have them" if gone else "they follow its training"
        raise InvalidValue(f"run {run.attrs['id']} has no kept pictures: {why}")
    return shown_items(run)


def _picture(name: str, item: int, picture: np.ndarray, left: float, top: float) -> go.Image:
    """One picture as a trace, its first pixel centred at (left, top)."""
    signed = name == "discarded"
    return go.Image(
        source=_address(_signed_colours(picture) if signed else picture),
        customdata=picture.astype(int) - (ZERO if signed else 0),
        x0=left, y0=top, dx=1, dy=-1, name=f"{name}, item {item}", hoverinfo="name",
    )  # fmt: skip


def _signed_colours(picture: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8: white at ZERO, towards brown below it and green above; of colour pictures the mean channel."""
    value = (picture.reshape(*picture.shape[:2], -1).mean(-1, keepdims=True) - ZERO) / 127
    end = np.where(value < 0, LESS, MORE)
    return (255 + (end - 255) * np.minimum(1, np.abs(value) * 1.25)).round().astype(np.uint8)


def _address(picture: np.ndarray) -> str:
    """A PNG as a data URL, which every renderer draws pixel by pixel."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def _axes(figure: go.Figure, run: xr.Dataset, items: list[int], rows: Rows, across: float, down: float) -> None:
    """Columns are named by the items' classes, rows by what they show; a pixel is as high as it is wide."""
    height, width = rows["original"].shape[1:3]
    label, middle = str(run.factor.values[0]), (width - 1) / 2
    classes, values = json.loads(run.attrs["classes"])[label], run.factors.isel(factor=0).values
    quiet = dict.fromkeys(("showgrid", "zeroline", "automargin", "showline"), False)
    quiet |= {"ticks": "", "ticklabelstandoff": 5}
    wide = [-0.5, (len(items) - 1) * across + width - 0.5]
    tall = [-(len(rows) - 1) * down - height + 0.5, 0.5]
    figure.update_layout(
        xaxis=quiet | {
            "range": wide, "side": "top", "tickfont": {"size": 11.5, "color": SOFT_INK}, "constrain": "domain",
            "tickvals": [place * across + middle for place in range(len(items))], "tickangle": 0,
            "ticktext": [f"{label} {classes[int(values[item])]}" for item in items],
        },
        yaxis=quiet | {
            "range": tall, "scaleanchor": "x", "constrain": "domain", "tickfont": {"size": 13, "color": INK},
            "tickvals": [-row * down - (height - 1) / 2 for row in range(len(rows))], "ticktext": list(rows),
        },
        width=WIDTH, plot_bgcolor=GROUND,
        height=round((tall[1] - tall[0]) / (wide[1] - wide[0]) * (WIDTH - LEFT - RIGHT)) + TOP + BOTTOM,
    )  # fmt: skip
