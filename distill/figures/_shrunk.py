"""What figures of compressed models share: the three families, their curves, the Pareto front, sizes in words."""

import json
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation
from distill.palette import CLASSES

REFERENCES = ("f32", "f16")
UNSHRUNK = "f32"


@dataclass(frozen=True)
class Family:
    """One way of making a network smaller.

    Attributes:
        name: the dimension of the run along which it gets smaller.
        field: of the configuration, where the values along it are listed, from the least compressed on.
        title: in words.
        over, variants: the dimension of what is compared within it, and its values, the more elaborate one first.
        colour: on every figure.
    """

    name: str
    field: str
    title: str
    over: str
    variants: tuple[str, ...]
    colour: str


FAMILIES = {
    each.name: each
    for each in (
        Family("bits", "bits", "fewer bits", "", ("",), CLASSES[0]),
        Family("sparsity", "sparsities", "fewer weights", "tuned", ("fine-tuned", "as pruned"), CLASSES[1]),
        Family("width", "widths", "students", "taught", ("with a teacher", "alone"), CLASSES[2]),
    )
}


class Curve(NamedTuple):
    """The networks of one family and variant, each (places,): means over the seeds; NaN for what is not there yet.

    `bytes` as they were written, `entropy` what order 0 allows, in bytes too; `spread` is the standard deviation of the
    accuracy over the seeds.
    """

    bytes: np.ndarray
    entropy: np.ndarray
    accuracy: np.ndarray
    spread: np.ndarray


def check(run: xr.Dataset) -> xr.Dataset:
    """`run`, if it is one of compressed models.

    Raises:
        InvalidValue: for a run of another kind.
    """
    if run.attrs.get("kind") != "shrink":
        name = run.attrs.get("id", "?")
        raise InvalidValue(f"run '{name}' has no compressed models; these figures need a run of compressed models")
    return run


def values_of(run: xr.Dataset, family: Family) -> list[float]:
    """Where the family's slider can stand, from the least compressed on; as planned, while a run grows too."""
    return [float(each) for each in json.loads(run.attrs["config"])[family.field]]


def said(family: Family, value: float) -> str:
    """One of these values as a person reads it."""
    if family.name == "sparsity":
        return f"{100 * value:.3g} % zeros"
    unit = "bit" if family.name == "bits" else "unit"
    return f"{value:g} {unit}{'' if value == 1 else 's'}"


def found(run: xr.Dataset, name: str, family: Family, variant: str = "") -> np.ndarray | None:
    """The variable `name` of a family, (places, …); None where the run does not have it yet."""
    if f"{name}_{family.name}" not in run:
        return None
    values = run[f"{name}_{family.name}"]
    return (values.sel({family.over: variant}) if family.over else values).transpose(family.name, ...).values


def curve(run: xr.Dataset, family: Family, variant: str) -> Curve:
    """Means and spread over the seeds, (places,)."""
    parts = {name: found(run, name, family, variant) for name in ("bytes", "entropy", "accuracy")}
    nothing = np.full((len(values_of(run, family)), 1), np.nan)
    size, entropy, accuracy = (nothing if each is None else each for each in parts.values())
    return Curve(size.mean(1), entropy.mean(1), accuracy.mean(1), deviation(accuracy))


def deviation(values: np.ndarray) -> np.ndarray:
    """Standard deviation over the last axis, the seeds; 0 of a single one, and `percent` then speaks of none."""
    return values.std(-1, ddof=1) if values.shape[-1] > 1 else np.zeros(values.shape[:-1])


def reference(run: xr.Dataset, precision: str = UNSHRUNK) -> Curve | None:
    """The networks as they were trained, at 4 or at 2 bytes a weight: a curve of one place; None before they are."""
    if "accuracy_precision" not in run:
        return None
    at = run.sel(precision=precision)
    accuracy, size = at.accuracy_precision.values, at.bytes_precision.values.mean(keepdims=True)
    coded = at.coded_precision.values.mean(keepdims=True) if "coded_precision" in at else size * np.nan
    return Curve(size, coded, accuracy.mean(keepdims=True), deviation(accuracy)[None])


def curves(run: xr.Dataset) -> list[tuple[Family, str, Curve]]:
    """Every family and variant of which there is something."""
    every = [(family, each, curve(run, family, each)) for family in FAMILIES.values() for each in family.variants]
    return [each for each in every if np.isfinite(each[2].accuracy).any()]


def front(sizes: np.ndarray, accuracies: np.ndarray) -> np.ndarray:
    """Indices of the Pareto front, from the smallest: none other is as small and as accurate, and better in one."""
    order = [i for i in np.lexsort((-accuracies, sizes)) if np.isfinite(sizes[i] + accuracies[i])]
    chosen: list[int] = []
    for i in order:
        if not chosen or accuracies[i] > accuracies[chosen[-1]]:
            chosen.append(int(i))
    return np.array(chosen, int)


def every_point(run: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean size, mean accuracy and its deviation of all networks of the run that there are, the references included."""
    parts = [each for _, _, each in curves(run)]
    parts += [each for name in REFERENCES if (each := reference(run, name)) is not None]
    every = [
        np.concatenate([getattr(each, name) for each in parts] or [[]]) for name in ("bytes", "accuracy", "spread")
    ]
    known = np.isfinite(every[0] + every[1])
    return every[0][known], every[1][known], every[2][known]


def free_place(run: xr.Dataset, family: Family) -> int | None:
    """The smallest network of a family that is as accurate as the unshrunk ones to one deviation of these over seeds.

    None where the unshrunk ones, or all of the family, are still to come, or where none is.
    """
    whole, own = reference(run), curve(run, family, family.variants[0])
    if whole is None:
        return None
    holds = np.flatnonzero(own.accuracy >= whole.accuracy - whole.spread)
    return int(holds[np.argmin(own.bytes[holds])]) if holds.size else None


def first_place(run: xr.Dataset, family: Family) -> int:
    """Where a look begins: at the smallest network that has forgotten nothing, else in the middle."""
    free = free_place(run, family)
    return len(values_of(run, family)) // 2 if free is None else free


def standing(animation: Animation, run: xr.Dataset, family: Family, choice: Choice) -> go.Figure:
    """The figure at the place of the slider that `choice.beta` says, from 0 on; None is where a look begins."""
    places = xr.Dataset(coords={"step": [0], "beta": np.arange(len(values_of(run, family)))})
    place = first_place(run, family) if choice.beta is None else choice.beta
    return animation.at(places, Choice(beta=place))


def kilobytes(size: float) -> str:
    """A number of bytes as a person reads it, 1 kB = 1000 bytes."""
    if size < 999.5:
        return f"{size:.0f} bytes"
    return f"{three(size / 1000)} kB" if size < 999_500 else f"{three(size / 1e6)} MB"


def three(value: float) -> str:
    """A number with three significant digits, and never as a power of ten."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def percent(accuracy: float, spread: float | None = None) -> str:
    """An accuracy, with its deviation over seeds, where there is one."""
    return f"{100 * accuracy:.1f} ± {100 * spread:.1f} %" if spread else f"{100 * accuracy:.1f} %"


def seeds_in_words(run: xr.Dataset) -> str:
    """How many networks each point is the mean of."""
    count = run.sizes["seed"]
    return f"{count} seeds" if count > 1 else "one seed"
