"""What all figures share: type, margins, axes, and the words for β."""

import json
import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.palette import GRID, INK, SOFT_INK

FONT = "Inter, sans-serif"
SIZE, SMALL = 13, 11.5
EVEN_STEPS, MOST_STEPS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0), 8  # between the ticks of a knob that falls
FURNITURE = "furniture"  # the meta of traces without numbers of the run; a CSV leaves them out


def blank(left: int = 56, right: int = 14, top: int = 10, bottom: int = 48) -> go.Figure:
    """An empty figure in the house style; margins are fixed, so that nothing jumps."""
    figure = go.Figure()
    figure.update_layout(
        template=None, font={"family": FONT, "size": SIZE, "color": INK}, showlegend=False, hovermode="closest",
        margin={"l": left, "r": right, "t": top, "b": bottom}, paper_bgcolor="#ffffff", plot_bgcolor="#ffffff",
    )  # fmt: skip
    return figure


def axis(title: str, low: float, high: float, **more: object) -> dict[str, object]:
    """A quiet axis with a fixed range."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": SIZE, "color": INK}}, "range": [low, high],
        "visible": True, "automargin": False, "showgrid": True, "gridcolor": GRID, "gridwidth": 1, "zeroline": False,
        "ticks": "", "tickfont": {"size": SMALL, "color": SOFT_INK}, "fixedrange": False,
    } | more  # fmt: skip


HIDDEN = {"visible": False, "automargin": False, "zeroline": False, "showgrid": False}


def note(text: str, x: float, y: float, **more: object) -> dict[str, object]:
    """A direct label at a point of the plot."""
    return {"text": text, "x": x, "y": y, "showarrow": False, "font": {"size": SMALL, "color": SOFT_INK}} | more


def line(
    x: np.ndarray | Sequence[float], y: np.ndarray | Sequence[float], colour: str, name: str,
    width: float = 1.0, dash: str = "solid", **more: object,
) -> go.Scatter:  # fmt: skip
    """A line that says nothing where it is pointed at."""
    style = {"color": colour, "width": width, "dash": dash}
    return go.Scatter(x=x, y=y, mode="lines", name=name, hoverinfo="skip", line=style, **more)


def knob_value(run: xr.Dataset, index: int) -> str:
    """One value of the run's knob as a person writes it: 0, 1.2×10⁻⁵, 0.032, 1; 15.5 bits."""
    return in_knob(run, float(run.beta.values[index]))


def in_knob(run: xr.Dataset, value: float) -> str:
    """Any value of the quantity that the run's knob turns, written alike."""
    unit = json.loads(run.attrs["knob"])["unit"]
    number = f"{value:.3g}" if _falls(run) else f"{value:.2g}" if value < 99.5 else f"{value:.0f}"
    if 0 < value < 1e-4:
        digits, power = f"{value:.1e}".split("e")
        number = f"{digits}×10{_superscript(int(power))}"
    return f"{number} {unit}".strip()


def knob_values(run: xr.Dataset) -> list[str]:
    """All values of the run's knob, as a person writes them."""
    return [knob_value(run, index) for index in range(run.sizes["beta"])]


def knob_ticks(run: xr.Dataset) -> list[tuple[int, str]]:
    """(index, label) of the decades of β, and of 0 where it was trained; of even values where they fall."""
    betas = run.beta.values
    if _falls(run):
        return _even_ticks(betas)
    positive = np.flatnonzero(betas > 0)
    if len(positive) < 2:
        return [(index, knob_value(run, index)) for index in range(len(betas))]
    found, logs = [(0, "0")] if betas[0] == 0 else [], np.log10(betas[positive])
    for power in range(round(logs[0] + 0.49), round(logs[-1] - 0.49) + 1):
        place = int(positive[np.argmin(np.abs(logs - power))])
        found.append((place, {0: "1", 1: "10"}.get(power, f"10{_superscript(power)}")))
    return found


def _even_ticks(betas: np.ndarray) -> list[tuple[int, str]]:
    """Every value of a few; of many, those nearest to the multiples of a round number."""
    if len(betas) <= MOST_STEPS + 1:
        return [(index, f"{value:g}") for index, value in enumerate(betas)]
    step = next((each for each in EVEN_STEPS if betas[0] - betas[-1] <= MOST_STEPS * each), EVEN_STEPS[-1])
    values = [step * i for i in range(math.floor(betas[0] / step), math.ceil(betas[-1] / step) - 1, -1)]
    places = sorted({int(np.argmin(np.abs(betas - value))) for value in values})
    return [(place, f"{betas[place]:g}") for place in places]


def _falls(run: xr.Dataset) -> bool:
    """Whether less of the knob compresses more, as where it is the bits allowed."""
    return bool(run.beta.values[0] > run.beta.values[-1])


def _superscript(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def said_of(run: xr.Dataset, name: str) -> str:
    """How a variable of the run was found, in words: its estimator."""
    return json.loads(run.attrs.get("estimators", "{}")).get(name) or run[name].attrs.get("estimator", "")


def items_in_words(run: xr.Dataset, split: str, count: int) -> str:
    """What the numbers of a run are of: its N items, or a distribution that is known."""
    if "joint" in run:
        return f"all {count} inputs, weighted by their known probabilities"
    return f"N = {count} {split} items"


def caption(run: xr.Dataset, split: str = "test") -> str:
    """The line that a figure carries away: which run, which settings, which estimators, which N."""
    config, counts = json.loads(run.attrs["config"]), run.sel(split=split).samples.values
    before = f" ({counts[0]} before the last step)" if counts[0] != counts[-1] else ""
    noiseless = bool(run.information_x.isnull().all())
    how = f"I(X;Z) {said_of(run, 'information_x')}, I(Z;Y) {said_of(run, 'information_y')}"
    how = "I(X;Z) none, I(Z;Y) ≥ H(Y) − CE" if noiseless else how
    seeds = config.get("seeds", 1)
    seed = f"seed {config['seed']}" if seeds == 1 else f"mean of {seeds} seeds from {config['seed']}"
    return (
        f"run {run.attrs['id']} · {run.attrs['dataset_title']}, label {run.attrs['label_name']} · "
        f"{run.attrs['objective_title']}, K = {config['latent_dim']}, {run.sizes['beta']} βs, "
        f"{config['epochs']} epochs, {seed} · {how}, {items_in_words(run, split, counts[-1])}{before}, bits"
    )
