"""The learned coder as it learns: held-out bits an item over its training, through the lines of the other coders."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._layers import spaced, words
from distill.figures._style import axis, blank, line
from distill.figures._wall import FAMILIES, check, coders, item, levels, pixels, rate
from distill.palette import GROUND, INK, SOFT_INK

__all__ = ["network_as_it_learns", "passed"]

KIND = "wall"  # of the runs that these figures are drawn of
SHOWN = 6  # lines of other coders at most
ROOM = 1.25  # times the highest line: where the axis ends


def network_as_it_learns(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Bits an item that the network would need, −log2 q of held-out symbols, over the steps of its training.

    The level lines are what the other coders wrote of all items. A range coder adds less than a bit a file to −log2 q.
    """
    if "network_bits" not in check(run):
        raise InvalidValue(f"run '{run.attrs.get('id', '')}' has no network that learns its source")
    others = [each for each in coders(run) if each.family not in ("raw", "network")][-SHOWN:]
    bits, training = (run[name].values.astype(float) * pixels(run) for name in ("network_bits", "training_bits"))
    steps = np.maximum(check(run).step.values.astype(float), 0.5)
    last = max(float(run.attrs["steps"]), 2.0)
    known = [each.final for each in others] + ([rate(run)] if np.isfinite(rate(run)) else [])
    lowest, highest = min([*known, np.nanmin(bits)]), max([*known, np.nanmin(bits)])
    low, high = max(0.0, lowest - 0.35 * (highest - lowest) - 0.03 * highest), ROOM * highest
    figure = blank(left=58, right=104, top=10, bottom=46)
    powers = range(int(np.floor(np.log10(last))) + 1)
    figure.update_layout(
        xaxis=axis("steps of training", float(np.log10(0.5)), float(np.log10(last)), type="log",
                   tickvals=[0.5, *(10.0**k for k in powers)], ticktext=["start", *(f"{10**k:,}" for k in powers)]),
        yaxis=axis(f"bits a {item(run)}, held out", low, high, **levels(low, high, 6)),
    )  # fmt: skip
    named = [(each.final, each.title, each.colour) for each in others]
    for value, name, colour in named:
        figure.add_trace(line([0.5, last], [value, value], colour, name, 1.3))
    if np.isfinite(rate(run)):
        named.append((rate(run), "entropy rate", INK))
        figure.add_trace(line([0.5, last], [rate(run)] * 2, INK, "entropy rate", 2))
    _curve(figure, steps, np.minimum(training, 10 * high), SOFT_INK, "network, training symbols", "dot")
    _curve(figure, steps, np.minimum(bits, 10 * high), FAMILIES["network"], "network, held-out symbols", "solid")
    heights = spaced(np.array([value for value, *_ in named]), 0.085 * (high - low), low, high - 0.03 * (high - low))
    texts, colours = [f" {name}" for _, name, _ in named], [colour for *_, colour in named]
    figure.add_trace(words([last] * len(named), heights, texts, "middle right", colours))
    return figure


def _curve(figure: go.Figure, x: np.ndarray, y: np.ndarray, colour: str, name: str, dash: str) -> None:
    held = dash == "solid"
    figure.add_trace(line(x, y, colour, name, 3 if held else 1.3, dash=dash))
    if held:
        figure.add_trace(go.Scatter(
            x=x[-1:], y=y[-1:], mode="markers", name="now", hoverinfo="skip",
            marker={"size": 10, "color": colour, "line": {"width": 1.5, "color": GROUND}},
        ))  # fmt: skip


def passed(run: xr.Dataset) -> list[tuple[str, int]]:
    """Title of every other coder, and the step at which the network first needed fewer bits; −1 where it has not.

    What it needs fewer bits than before its first step, it has not passed by learning: those are left out.
    """
    bits = run.network_bits.values.astype(float) * pixels(run)
    out = []
    for each in coders(run):
        if each.family not in ("raw", "network"):
            below = np.flatnonzero(bits < each.final)
            if not below.size or below[0]:
                out.append((each.spoken, int(run.step.values[below[0]]) if below.size else -1))
    return out
