"""What a latent dimension stands for: it alone is moved, and what the decoder makes of it is shown at every β."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.figures._animation import Moving
from distill.figures._pictures import are_pictures
from distill.figures._style import FURNITURE, SMALL, axis, blank
from distill.measures.codes import sampled_codes
from distill.measures.decoding import as_levels, decoded, has_decoder
from distill.palette import class_colour
from distill.ui.envelope import View
from distill.ui.picture_rows import Lines, Pictures, Row

STEPS = np.linspace(-2.5, 2.5, 9)  # deviations
READ = (0, 2, 4, 6, 8)  # of them, where the nearest sentence is given
MOST_LINES = 8
WORD = 0.1  # height of a label, as a share of the plot
NAME = "Traversal"


@dataclass(frozen=True)
class Traversal:
    """What a stage shows of one: rows of pictures or sentences, or a view of lines, or why there is nothing."""

    pictures: Pictures | None = None
    view: View | None = None
    lack: str = ""


def traverse(run: xr.Dataset, dimension: int, item: int | None) -> Traversal:
    """Nine codes along one dimension, decoded at every β: pictures, lines of a table, or the nearest sentences."""
    if run.attrs.get("code", "gaussian") == "categorical":
        return Traversal(lack="The code is a symbol, which has no dimension to go along.")
    codes, how = traverse_codes(run, dimension, item), _words(dimension, item)
    if "text" in run:
        return Traversal(pictures=_sentences(run, codes, how))
    if not has_decoder(run):
        return Traversal(lack="This run carries no decoder: train it again to go along a dimension.")
    values = decoded(run, codes)
    if are_pictures(run):
        shape = (*codes.shape[:2], *run.attrs["input_shape"])
        names = [f"{step:+.2g} deviations".replace("-", "−") for step in STEPS]
        row = Row(f"dimension {dimension + 1}", as_levels(run, values).reshape(shape), names=names, words=_short(item))
        return Traversal(Pictures(list(range(len(STEPS))), (row,), first=False, title=NAME, subtitle=how))
    return Traversal(view=_lines(run, values, how))


def traverse_codes(run: xr.Dataset, dimension: int, item: int | None) -> np.ndarray:
    """Codes (beta, 9, latent) that differ in one dimension only, from −2.5 to 2.5 deviations of all items' codes.

    The others are those of the sampled code of the stored item at place `item`, or the mean of all codes.
    """
    codes = sampled_codes(run)
    along = codes[..., dimension]
    base = codes.mean(1) if item is None else codes[:, item]
    out = np.repeat(base[:, None], len(STEPS), axis=1)
    out[..., dimension] = along.mean(1)[:, None] + STEPS * along.std(1)[:, None]
    return out


def _short(item: int | None) -> str:
    return "−2.5 to 2.5 sd, " + ("mean code" if item is None else f"item {item}")


def _words(dimension: int, item: int | None) -> str:
    rest = "the mean of all codes" if item is None else f"the code of item {item}"
    return f"E[x|z] of {rest}, with dimension {dimension + 1} from −2.5 to 2.5 deviations of all items' codes."


def _sentences(run: xr.Dataset, codes: np.ndarray, how: str) -> Pictures:
    """A code cannot be read back as a sentence: the stored sentence whose code is nearest stands for it."""
    stored = sampled_codes(run)
    spread = stored.std(1, keepdims=True)
    spread = np.where(spread > 0, spread, 1)
    scaled = stored / spread
    places = np.stack([
        np.square((codes[:, k : k + 1] / spread) - scaled).sum(-1).argmin(1) for k in READ
    ], axis=1)  # fmt: skip
    label = "the nearest stored sentence, from −2.5 to 2.5 deviations"
    lines = Lines(label, [str(text) for text in run.text.values], places)
    return Pictures(list(range(run.sizes["point"])), (lines,), first=False, title=NAME, subtitle=how)


def _lines(run: xr.Dataset, values: np.ndarray, how: str) -> View:
    """A line for each column, of many those that move most; values (beta, 9, feature), standardised."""
    names = [str(name) for name in run.feature_name.values] if "feature_name" in run else None
    names = names or [f"x{k + 1}" for k in range(values.shape[-1])]
    moving = np.argsort(-np.ptp(values, axis=1).mean(0), kind="stable")[:MOST_LINES]
    figure, ends = (
        blank(left=44, right=118, top=8, bottom=46),
        1.05 * max(1.0, float(np.abs(values[..., moving]).max())),
    )
    figure.update_layout(
        xaxis=axis("deviations along the dimension", float(STEPS[0]), float(STEPS[-1])),
        yaxis=axis("standardised", -ends, ends),
    )
    labels = spaced(np.sort(moving), values[:, -1].astype(float), 2 * ends * WORD)
    motions = []
    for place, feature in enumerate(sorted(moving)):
        y, colour, name = values[..., feature].astype(float), class_colour(place), names[feature]
        look = {"mode": "lines", "line": {"color": colour, "width": 2}, "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(x=STEPS, y=[], name=name, **look))
        said = {"mode": "text", "text": [name.split(",")[0]], "textposition": "middle right", "cliponaxis": False}
        font = {"size": SMALL, "color": colour}
        figure.add_trace(go.Scatter(
            x=[STEPS[-1]], y=[], name=f"{name} in words", textfont=font, hoverinfo="skip", meta=FURNITURE, **said
        ))  # fmt: skip
        motions += [Moving(len(figure.data) - 2, y=y), Moving(len(figure.data) - 1, y=labels[:, place : place + 1])]
    return View(NAME, figure, tuple(motions), NAME, how)


def spaced(features: np.ndarray, ends: np.ndarray, gap: float) -> np.ndarray:
    """Heights (beta, n) of labels beside the `ends` (beta, feature) of these lines, at least `gap` apart, in order."""
    heights = ends[:, features]
    order = np.argsort(heights, axis=1)
    along = np.take_along_axis(heights, order, axis=1)
    up = np.maximum.accumulate(along - gap * np.arange(along.shape[1]), axis=1) + gap * np.arange(along.shape[1])
    shifted = up - (up - along).mean(1, keepdims=True)
    out = np.empty_like(heights)
    np.put_along_axis(out, order, shifted, axis=1)
    return out
