"""Where in the input the bits are: Fisher bits and the share explained, of pixels, columns and words."""

import json
import math

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation, Moving, chosen
from distill.figures._pictures import are_pictures
from distill.figures._style import FURNITURE, SMALL, axis, blank, knob_value, note
from distill.palette import AMOUNT_RAMP, GROUND, INK, SOFT_INK

__all__ = [
    "animated_columns", "column_names", "explained", "explained_map", "explained_of_all", "fisher_map", "input_bits",
    "on_pixels", "strongest_columns", "word_map", "words_of",
]  # fmt: skip

STRONGEST = 20  # columns of a vector that are drawn
FULL = 1.0  # bits of the darkest colour and of the largest mark, at every β and in every run
ROOT = 4  # by which colours rise: from one β to another the bits of an input fall by some decades
LETTER = 7.0  # pixels
TITLES = {
    "fisher": "Fisher bits b<sub>j</sub> of {what}",
    "explained": "share of variance in E[x|z]",
}
SHARES = {"tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]}
NOT_A_SUM = "the figures of single inputs do not add up to I(X;Z)"
MEASURED = "it is measured after the training"


def fisher_map(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Bits b_j = ½ log2(1 + v_j F_jj) of every input at the chosen β, mean of at most 100 stored test items.

    A map of pictures (colours rise as the fourth root of the bits and end at 1 bit), bars of columns. F is the
    encoder's Fisher matrix, v_j the variance of input j given the others: what the code would tell of it, were they
    known. The b_j do not sum to I(X;Z).

    Raises:
        InvalidValue: where the run has no such map, or no such β.
    """
    return _drawn(run, choice, "fisher", input_bits(run))


def explained_map(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """Share of each input's variance that E[x|z] explains at the chosen β, on stored test items; 0 is not kept.

    R²_j = 1 − E(x_j − x̂_j)² / Var x_j by the decoder that is fitted after the training, one sampled code an item;
    negative where it does worse than the mean, drawn as 0.

    Raises:
        InvalidValue: where the run has no decoder, or no such β.
    """
    return _drawn(run, choice, "explained", explained(run))


def word_map(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """Bits that the code tells of whether a word stands where it does, at the chosen β: the sentences shown, by word.

    ½ log2(1 + dᵀ F d), with d what replacing the word by the mean of those in its place changes in the inputs: our own
    reading, local as the Fisher matrix is.

    Raises:
        InvalidValue: where items are no sentences, or the run has no such β.
    """
    (words, bits), (_, beta) = words_of(run), chosen(run, choice)
    figure, most = blank(left=12, right=12, top=10, bottom=44), max(map(len, words))
    for row, (sentence, values) in enumerate(zip(words, bits[beta], strict=True)):
        shown = values[: len(sentence)]
        figure.add_trace(go.Scatter(
            x=np.arange(len(sentence)), y=[-row] * len(sentence), mode="markers+text", text=sentence,
            name=f"sentence {row + 1}", textposition="top center", textfont={"size": SMALL, "color": INK},
            marker={"size": 9 + 16 * np.cbrt(np.minimum(shown, FULL)), "color": AMOUNT_RAMP[2]},
            customdata=shown, hovertemplate="%{text}: %{customdata:.2f} bits<extra></extra>",
        ))  # fmt: skip
    hidden = {"showgrid": False, "showticklabels": False}
    title = f"bits of each word at β = {knob_value(run, beta)}: as large as the cube root of its bits"
    figure.update_layout(
        xaxis=axis(title, -0.6, most - 0.4, **hidden), yaxis=axis("", -len(words) + 0.4, 0.8, **hidden), height=600
    )
    return figure


def input_bits(run: xr.Dataset, item: int | None = None) -> np.ndarray:
    """b_j at every β, (beta, feature) bits: the mean of the items averaged, or of the stored item at place `item`.

    Raises:
        InvalidValue: where the run has no such map, or none of that item.
    """
    if "fisher_bits" not in run:
        why = {"noiseless": "its code has no noise", "categorical": "its code is a symbol"}.get(run.attrs.get("code"))
        other = "there is nothing between the inputs of a known joint distribution" if "joint" in run else MEASURED
        raise InvalidValue(f"run '{run.attrs['id']}' has no map of Fisher bits: {why or other}")
    if item is None:
        return run.fisher_bits.transpose("beta", "feature").values.astype(np.float64)
    there = [int(each) for each in run.shown.values]
    if item not in there:
        raise InvalidValue(f"item {item} has no map of Fisher bits; those shown have: {', '.join(map(str, there))}")
    found = run.fisher_bits_of.transpose("beta", "shown", "feature").values
    return found[:, there.index(item)].astype(np.float64)


def explained(run: xr.Dataset) -> np.ndarray:
    """R²_j at every β, (beta, feature): in [0, 1], with 0 for what is negative; NaN for an input that is constant.

    Raises:
        InvalidValue: where the run has none.
    """
    if "r_squared" not in run:
        raise InvalidValue(f"run '{run.attrs['id']}' has no shares of variance explained: {MEASURED}")
    return run.r_squared.transpose("beta", "feature").values.astype(np.float64).clip(0)


def explained_of_all(run: xr.Dataset) -> np.ndarray:
    """Share of all inputs' variance together that E[x|z] explains, (beta,): 1 − Σ_j E(x_j − x̂_j)² / Σ_j Var x_j."""
    variance = run.inputs.transpose("point", "feature").values.astype(np.float64).var(0)
    shares = run.r_squared.transpose("beta", "feature").values.astype(np.float64)
    known = np.isfinite(shares).all(0) & (variance > 0)
    return (shares[:, known] * variance[known]).sum(1) / variance[known].sum()


def on_pixels(run: xr.Dataset, values: np.ndarray) -> np.ndarray:
    """(beta, feature) of pictures as (beta, h, w): of colour pictures the mean of a pixel's three inputs; NaN is 0."""
    height, width = run.attrs["input_shape"][:2]
    return np.nan_to_num(values).reshape(len(values), height, width, -1).mean(-1)


def words_of(run: xr.Dataset) -> tuple[list[list[str]], np.ndarray]:
    """The words of each sentence shown, and their bits (beta, shown, word).

    Raises:
        InvalidValue: where items are no sentences, or the words have not been measured.
    """
    if "text" not in run:
        raise InvalidValue(f"run '{run.attrs['id']}' has no words: its items are no sentences")
    if "word_bits" not in run:
        raise InvalidValue(f"run '{run.attrs['id']}' has no bits of words: {MEASURED}")
    words = [str(run.text.values[int(place)]).split() for place in run.shown.values]
    return words, run.word_bits.transpose("beta", "shown", "word").values.astype(np.float64)


def column_names(run: xr.Dataset) -> list[str]:
    """What each input is called: the columns of a table by name, others by number."""
    if "feature_name" in run:
        return [str(name) for name in run.feature_name.values]
    return [f"input {j + 1}" for j in range(run.sizes["feature"])]


def strongest_columns(run: xr.Dataset) -> np.ndarray:
    """Places of the inputs that are drawn: all of a few, else the 20 of most variance explained at the weakest β."""
    if run.sizes["feature"] <= STRONGEST:
        return np.arange(run.sizes["feature"])
    shares = np.nan_to_num(run.r_squared.transpose("beta", "feature").values[0], nan=-np.inf)
    return np.sort(np.argsort(shares, kind="stable")[::-1][:STRONGEST])


def animated_columns(run: xr.Dataset, kind: str, values: np.ndarray) -> Animation:
    """Bars of the inputs, (beta, feature), that follow β; `kind`: "fisher" (bits) or "explained" (shares).

    Bars of bits that pass the end of the axis, which is where they stand at the second weakest β, end there and say how
    many they are: at β = 0 there are as many as the noise of a computer's numbers allows.
    """
    places, names = strongest_columns(run), column_names(run)
    drawn, end = np.nan_to_num(values[:, places]), 1.0
    if kind == "fisher":
        end = float(max(0.1, 1.08 * drawn[min(1, len(drawn) - 1) :].max()))
    height = np.arange(len(places))[::-1].astype(float)
    figure = blank(left=14 + round(LETTER * max(len(names[j]) for j in places)), right=16, top=8, bottom=46)
    words = [[_said(kind, each) for each in row] for row in drawn]
    title = TITLES[kind].format(what="each input")
    rows = {"tickvals": height.tolist(), "ticktext": [names[j] for j in places], "tickfont": {"size": 12, "color": INK}}
    figure.update_layout(
        xaxis=axis(title, 0, 1.24 * end, **(SHARES if kind == "explained" else {})),
        yaxis=axis("", -0.6, len(places) - 0.4, showgrid=False, **rows), bargap=0.35,
    )  # fmt: skip
    figure.add_trace(go.Bar(
        x=[], y=height, orientation="h", name=title, marker={"color": AMOUNT_RAMP[2], "line": {"width": 0}},
        hoverinfo="skip",
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[], y=height, mode="text", textposition="middle right", name="in words", hoverinfo="skip", meta=FURNITURE,
        textfont={"size": SMALL, "color": SOFT_INK}, cliponaxis=False,
    ))  # fmt: skip
    bars = np.minimum(drawn, end)
    return Animation(figure, (Moving(0, x=bars), Moving(1, x=bars, text=words)))


def _said(kind: str, value: float) -> str:
    if kind == "explained":
        return f"{100 * value:.0f} %"
    return f"{value:.0f} bits" if value >= 10 else f"{value:.2f} bits" if value >= 0.095 else f"{value:.1g} bits"


def _drawn(run: xr.Dataset, choice: Choice, kind: str, values: np.ndarray) -> go.Figure:
    """The map, or the bars, at one β."""
    _, beta = chosen(run, choice)
    if not are_pictures(run):
        return animated_columns(run, kind, values).at(run, choice)
    cells, knob = on_pixels(run, values)[beta], json.loads(run.attrs["knob"])["label"].lower()
    figure = blank(left=20, right=20, top=12, bottom=58)
    figure.add_trace(_heat(kind, cells))
    height, width = cells.shape
    quiet = {"showgrid": False, "showticklabels": False, "constrain": "domain"}
    what = "each pixel" + (", mean of its three colours" if len(run.attrs["input_shape"]) > 2 else "")
    title = f"{TITLES[kind].format(what=what)}, at {knob} = {knob_value(run, beta)}"
    figure.update_layout(
        xaxis=axis(title, -0.5, width - 0.5, **quiet),
        yaxis=axis("", height - 0.5, -0.5, scaleanchor="x", **quiet),
        plot_bgcolor=GROUND, width=620, height=620,
    )  # fmt: skip
    if kind == "fisher":
        below = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top", "yshift": -34}
        figure.add_annotation(note(f"a local reading of the encoder; {NOT_A_SUM}", 0, 0, **below))
    return figure


def _heat(kind: str, cells: np.ndarray) -> go.Heatmap:
    """The cells with their own numbers, in the colours of amounts up to 1 bit, or to all of the variance."""
    root = ROOT if kind == "fisher" else 1
    stops = [GROUND, *AMOUNT_RAMP]
    scale = [[share**root, _mixed(stops, share)] for share in np.linspace(0, 1, 41)]
    bar = {"thickness": 10, "outlinewidth": 0, "len": 0.8, "tickfont": {"size": SMALL, "color": SOFT_INK}}
    bar |= {"tickvals": [0, 0.1, FULL], "ticktext": ["0", "0.1", "1 bit or more"]} if kind == "fisher" else {}
    bar |= {"tickformat": ".0%"} if kind == "explained" else {}
    return go.Heatmap(z=cells, zmin=0, zmax=FULL, colorscale=scale, colorbar=bar, name=kind, xgap=0, ygap=0)


def _mixed(stops: list[str], share: float) -> str:
    """The colour at a share of the way along `stops`."""
    place = share * (len(stops) - 1)
    k = min(len(stops) - 2, math.floor(place))
    left, right = (np.array([int(each[i : i + 2], 16) for i in (1, 3, 5)]) for each in stops[k : k + 2])
    return "#" + "".join(f"{round(each):02x}" for each in left + (right - left) * (place - k))
