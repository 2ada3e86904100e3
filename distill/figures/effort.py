"""What knowing costs in time: how fast every coder writes and reads, and how much arithmetic an item takes."""

import json

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._style import FURNITURE, SMALL, axis, blank, note
from distill.figures._wall import WRITTEN, Coder, check, coders, counts, item, number, pixels
from distill.palette import GRID, GROUND, INK, SOFT_INK

__all__ = ["speed_of_coders", "speeds"]

KIND = "wall"  # of the runs that these figures are drawn of
NUMBERS = 150  # pixels at the right


def speed_of_coders(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """MB of raw symbols a second to write (dot) and to read back (ring); bits and operations beside.

    Wall-clock of the machine that made the run, one call and one thread each, for the most items that the coder sent;
    operations only where they can be counted.
    """
    found = [each for each in coders(run) if each.family != "raw"]
    write, read = (np.array([speeds(run, each)[i] for each in found]) for i in (0, 1))
    known = np.concatenate([write, read])
    known = known[np.isfinite(known) & (known > 0)]
    low, high = (np.log10([known.min(), known.max()]) if known.size else np.array([-2.0, 2.0])) + [-0.3, 0.3]
    longest = max((len(each.title) for each in found), default=4)
    figure = blank(left=min(140, round(14 + 6.6 * longest)), right=NUMBERS, top=24, bottom=46)
    heights = np.arange(len(found))[::-1].astype(float)
    powers = range(int(np.ceil(low)), int(np.floor(high)) + 1)
    figure.update_layout(
        xaxis=axis("MB a second: dot to write, ring to read", float(low), float(high), type="log",
                   tickvals=[10.0**k for k in powers], ticktext=[f"{10.0**k:,g}" for k in powers], tickangle=0),
        yaxis=axis("", -0.7, len(found) - 0.3, tickvals=heights.tolist(), ticktext=[each.title for each in found],
                   showgrid=False, ticklabelstandoff=4, tickfont={"size": 12, "color": INK}),
    )  # fmt: skip
    _marks(figure, found, write, read, heights)
    _numbers(figure, run, found, heights, 10 ** (float(high) - 0.01))
    said = {"MB": "symbols, a byte each, over wall-clock seconds of one call", "bits": WRITTEN}
    return figure.update_layout(meta={"estimators": json.dumps(said)})


def speeds(run: xr.Dataset, each: Coder) -> tuple[float, float]:
    """MB of raw symbols a second, to write and to read, at the largest number of items that was sent."""
    at = check(run).sel({"method": each.name})
    sent = counts(run)[np.isfinite(each.bits)]
    size = sent[-1] * pixels(run) / 1e6 if each.written else np.nan
    seconds = (float(at.encode_seconds), float(at.decode_seconds))
    return tuple(size / second if second > 0 else np.nan for second in seconds)


def _marks(figure: go.Figure, found: list[Coder], write: np.ndarray, read: np.ndarray, heights: np.ndarray) -> None:
    colours = [each.colour for each in found]
    figure.add_trace(go.Scatter(
        x=[v for a, b in zip(write, read, strict=True) for v in (a, b, None)],
        y=[v for height in heights for v in (height, height, None)], mode="lines", name="from write to read",
        hoverinfo="skip", line={"color": GRID, "width": 4}, meta=FURNITURE,
    ))  # fmt: skip
    for name, x, marker in (
        ("to write", write, {"color": colours, "line": {"width": 1, "color": GROUND}}),
        ("to read", read, {"color": colours, "symbol": "circle-open", "line": {"width": 2, "color": colours}}),
    ):
        figure.add_trace(go.Scatter(
            x=x, y=heights, mode="markers", name=f"MB/s {name}", text=[each.title for each in found],
            hovertemplate=f"%{{text}}, {name}: %{{x:.3g}} MB/s<extra></extra>", marker={"size": 10, **marker},
        ))  # fmt: skip


def _numbers(figure: go.Figure, run: xr.Dataset, found: list[Coder], heights: np.ndarray, right: float) -> None:
    """Bits an item, and operations an item, at the right of every row."""
    operations = [float(run.operations.sel({"method": each.name})) for each in found]
    text = [
        f" {number(each.final)} bits · {short(count) if np.isfinite(count) else '–'}"
        for each, count in zip(found, operations, strict=True)
    ]
    figure.add_trace(go.Scatter(
        x=[right] * len(found), y=heights, mode="text", name="bits and operations an item", text=text,
        textposition="middle right", cliponaxis=False, textfont={"size": SMALL, "color": INK}, hoverinfo="skip",
    ))  # fmt: skip
    figure.add_annotation(note(
        f"a {item(run)} · operations", 1, 1, xref="paper", yref="paper", xanchor="left", yanchor="bottom", yshift=2,
        font={"size": SMALL, "color": SOFT_INK},
    ))  # fmt: skip


def short(count: float) -> str:
    """Operations as they are read: 640, 12 k, 3.4 M."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return f"{count:.0f}"
