"""What the figures of layers share: what an estimator says of a run, its axes, and names beside marks."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.errors import InvalidValue, unknown
from distill.figures._style import FURNITURE, SMALL, line
from distill.palette import INK, SOFT_INK

ESTIMATORS = {"binned": None, "kernel": 0.1, "kernel_fine": 1e-3}  # name → variance of the noise
NEAR = (0.055, 0.13)  # shares of the axes within which two marks have one name together
HEAD_ROOM = 1.24  # of H(Y): the names of marks at the top stand above them


@dataclass(frozen=True)
class Seen:
    """A run as one estimator sees it, bits.

    Attributes:
        x, y: (step, seed, layer).
        low: (step, seed, layer), the lower end of the bracket whose upper end is x; None where x is a number.
        right: the most that x can be.
        entropy: H(Y) of the items.
    """

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None
    right: float
    entropy: float


def check(run: xr.Dataset) -> xr.Dataset:
    """`run`, if it is one of layers.

    Raises:
        InvalidValue: for a run of another kind.
    """
    if run.attrs.get("kind") != "layers":
        raise InvalidValue(f"run '{run.attrs.get('id', '')}' is a sweep over β; figures of layers need a run of layers")
    return run


def seen(run: xr.Dataset, estimator: str) -> Seen:
    """What `estimator` says: binned, kernel (σ² = 0.1) or kernel_fine (σ² = 0.001).

    Binned values of layers without bounds are those of the second pass, cells over the whole training's range, where
    the run has it: it is made when the training ends.
    """
    check(run)
    if estimator not in ESTIMATORS:
        raise unknown("estimator", estimator, ESTIMATORS)
    noise, entropy = ESTIMATORS[estimator], float(run.attrs["entropy_y"])
    if noise is None:
        tail = "_whole" if second_pass(run) else ""
        x, y = (run[f"binned_{axis}{tail}"].values.astype(float) for axis in "xy")
        return Seen(x, y, None, float(run.attrs["entropy_x"]), entropy)
    at = run.sel(noise=noise, method="nearest")
    names = ("kernel_upper_x", "kernel_difference_y", "kernel_lower_x")
    x, y, low = (at[name].transpose("step", "kernel_seed", "layer").values.astype(float) for name in names)
    return Seen(x, y, low, float(np.log2(run.attrs["points"])), entropy)


def second_pass(run: xr.Dataset) -> bool:
    """Whether the run has binned values whose cells are those of the whole training, for every step."""
    return "binned_x_whole" in run and run.sizes["snapshot"] == run.sizes["step"]


def cells_in_words(run: xr.Dataset) -> str:
    """How the hidden units' values were cut into cells."""
    if run.attrs["activation"] == "tanh":
        return "30 cells on [−1, 1]"
    return f"100 cells over the {'whole training’s range' if second_pass(run) else 'range so far'}"


def names(run: xr.Dataset) -> list[str]:
    """What the layers are called beside their marks."""
    return ["out" if name == "output" else str(name) for name in run.layer.values]


def epochs(run: xr.Dataset) -> np.ndarray:
    """(step,) epochs for a logarithmic axis; the start, which has no place on it, stands at half a step."""
    found = run.epoch.values.astype(float)
    return np.maximum(found, 0.5 / float(run.attrs["steps_per_epoch"]))


def epoch_ticks(low: float, high: float) -> dict[str, list]:
    """Decades from one epoch up, and the start at the left end."""
    powers = [10**k for k in range(0, int(np.floor(np.log10(high) + 1e-9)) + 1)]
    return {"tickvals": [low, *powers], "ticktext": ["start", *(f"{each:,}" for each in powers)]}


def averages(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(step, layer) mean and deviation over the seeds of (step, seed, layer) that have a number; NaN where none has."""
    known = np.isfinite(values)
    count = np.where(known.any(1), known.sum(1), np.nan)
    mean = np.where(known, values, 0).sum(1) / count
    apart = np.where(known, values - mean[:, None], 0)
    return mean, np.sqrt(np.square(apart).sum(1) / count)


def named(x: np.ndarray, y: np.ndarray, spans: tuple[float, float], words: list[str]) -> list[list[list[str]]]:
    """(step, 1, layer) names beside marks at (step, layer); marks that touch share one, at the first of them."""
    return [[_grouped(a / spans[0], b / spans[1], words)] for a, b in zip(x, y, strict=True)]


def _grouped(x: np.ndarray, y: np.ndarray, words: list[str]) -> list[str]:
    found, first = [""] * len(words), 0
    for i in range(1, len(words) + 1):
        apart = i == len(words) or abs(x[i] - x[first]) > NEAR[0] or abs(y[i] - y[first]) > NEAR[1]
        if apart:
            found[first] = words[first] if i - first == 1 else f"{words[first]}–{words[i - 1]}"
            first = i
    return found


def spaced(places: np.ndarray, apart: float, low: float, high: float) -> np.ndarray:
    """Heights for names beside `places`, at least `apart` from each other; of equal ones the first stands highest."""
    order = np.lexsort((-np.arange(len(places)), places))
    found = places[order].astype(float)
    for i in range(1, len(found)):
        found[i] = max(found[i], found[i - 1] + apart)
    found[-1] = min(found[-1], high)
    for i in range(len(found) - 2, -1, -1):
        found[i] = min(found[i], found[i + 1] - apart)
    out = np.empty_like(found)
    out[order] = np.maximum(found, low)
    return out


def edge(x: list[float], y: list[float], name: str, dash: str = "dot") -> go.Scatter:
    """A limit that is no number of the run."""
    return line(x, y, SOFT_INK, name, dash=dash, meta=FURNITURE)


def words(x: np.ndarray | list, y: np.ndarray | list, text: list, place: str, colour: str | list = INK) -> go.Scatter:
    """Names that stand beside marks, with a halo."""
    return go.Scatter(
        x=x, y=y, text=text, mode="text", name="names", textposition=place, hoverinfo="skip", meta=FURNITURE,
        cliponaxis=False, textfont={"size": SMALL, "color": colour, "weight": 600},
    )  # fmt: skip
