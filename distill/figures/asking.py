"""One item asked again: what fresh codes of it are decoded to, and how far the answers lie apart."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation, Moving
from distill.figures._style import FURNITURE, SMALL, axis, blank, note
from distill.figures.input_maps import column_names, strongest_columns
from distill.measures.codes import sampled_codes
from distill.measures.decoding import decoded, shown_items
from distill.palette import AMOUNT_RAMP, INK, SOFT_INK

__all__ = ["animated_answers", "answers", "asked_again"]

DRAWS = 8
LETTER, WORDS = 7.0, 1.1  # pixels of a letter; room for the values in words, in units of the plot


def asked_again(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """An item's inputs, and the mean and spread of what eight fresh codes of it are decoded to, at the chosen β.

    Of the first of the items shown; of more than 20 inputs those that are explained best.

    Raises:
        InvalidValue: where the run has no decoder, or no such β.
    """
    return animated_answers(run, shown_items(run)[0]).at(run, choice)


def answers(run: xr.Dataset, item: int, draws: int = DRAWS) -> np.ndarray:
    """E[x|z] of fresh codes z ~ q(z|x) of one stored item: (beta, draw, feature), standardised inputs.

    The first is the code that the maps show.

    Raises:
        InvalidValue: where the run has no decoder, or no such item.
    """
    if not 0 <= item < run.sizes["point"]:
        raise InvalidValue(f"item must be from 0 to {run.sizes['point'] - 1}; got {item}")
    codes = np.stack([sampled_codes(run, draw=draw)[:, item] for draw in range(draws)], axis=1)
    return decoded(run, codes)


def animated_answers(run: xr.Dataset, item: int) -> Animation:
    """A row an input: a tick at the item's own value, a dot and a bar at mean and deviation of its eight answers."""
    places, names = strongest_columns(run), column_names(run)
    found = answers(run, item)[..., places]
    mean, spread = found.mean(1), found.std(1, ddof=1)
    own = run.inputs.transpose("point", "feature").values[item, places].astype(float)
    left = float(min(-3.0, np.floor(own.min()), np.floor(mean.min())))
    right = float(max(3.0, np.ceil(own.max()), np.ceil(mean.max())))
    height = np.arange(len(places))[::-1].astype(float)
    figure = blank(left=14 + round(LETTER * max(len(names[j]) for j in places)), right=56, top=26, bottom=46)
    rows = {"tickvals": height.tolist(), "ticktext": [names[j] for j in places], "tickfont": {"size": 12, "color": INK}}
    ticks = [each for each in range(round(left), round(right) + 1) if each % 2 == 0]
    figure.update_layout(
        xaxis=axis("deviations from the mean", left, right + WORDS * (right - left), tickvals=ticks),
        yaxis=axis("", -0.6, len(places) - 0.4, **rows),
    )
    figure.add_annotation(note("own value → decoded ± deviation", 1, 1, xref="x domain", yref="y domain",
                               xanchor="right", yanchor="bottom", yshift=4))  # fmt: skip
    look = {"symbol": "line-ns", "size": 16, "color": INK, "line": {"width": 2.5, "color": INK}}
    figure.add_trace(go.Scatter(x=own, y=height, mode="markers", name="own value", marker=look, hoverinfo="skip"))
    ends = {"type": "data", "symmetric": False, "array": [], "arrayminus": [], "thickness": 5, "width": 0}
    figure.add_trace(go.Scatter(
        x=[], y=height, mode="markers", name="decoded", marker={"size": 10, "color": AMOUNT_RAMP[3]}, hoverinfo="skip",
        error_x=ends | {"color": AMOUNT_RAMP[1]},
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[right + 0.02 * (right - left)] * len(places), y=height, mode="text", name="in words", hoverinfo="skip",
        textposition="middle right", textfont={"size": SMALL, "color": SOFT_INK}, meta=FURNITURE, cliponaxis=False,
    ))  # fmt: skip
    words = _in_words(run, places, own, mean, spread)
    return Animation(figure, (Moving(1, x=mean, low=mean - spread, high=mean + spread), Moving(2, text=words)))


def _in_words(
    run: xr.Dataset, places: np.ndarray, own: np.ndarray, mean: np.ndarray, spread: np.ndarray
) -> list[list[str]]:
    """Own value, mean and deviation of the answers in the data's own units, (beta, column)."""
    offset, scale = (np.broadcast_to(_unit(run, name), run.sizes["feature"])[places] for name in ("offset", "scale"))
    digits = [_digits(float(each)) for each in scale]
    raw, middle, apart = own * scale + offset, mean * scale + offset, spread * scale
    return [
        [f"{x:.{n}f} → {m:.{n}f} ± {s:.{n}f}" for x, m, s, n in zip(raw, row, wide, digits, strict=True)]
        for row, wide in zip(middle, apart, strict=True)
    ]


def _unit(run: xr.Dataset, name: str) -> np.ndarray:
    """Offset or scale of the inputs: of each column where the run is of a table."""
    if f"feature_{name}" in run:
        return run[f"feature_{name}"].values
    return np.array(float(run.inputs.attrs[name]))


def _digits(scale: float) -> int:
    """Decimals that a hundredth of a column's deviation asks for, at most three."""
    return int(np.clip(1 - np.floor(np.log10(scale)), 0, 3)) if scale > 0 else 0
