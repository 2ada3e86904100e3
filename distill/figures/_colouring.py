"""By what the items of a map are coloured: a factor of theirs, or a reading that changes with β, in levels."""

import json
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import xarray as xr

from distill.errors import InvalidValue, unknown
from distill.measures.tasks import main_factor
from distill.palette import AMOUNT_RAMP, CLASSES, SOFT_INK, class_colour

READINGS = {"bits": "item_bits", "error": "item_decoded", "uncertainty": "item_uncertainty"}
STEPS = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0)  # bits between two levels
WRONG = CLASSES[4]
LEVELS = AMOUNT_RAMP[1:]  # its lightest is for areas: points in it would not be seen


@dataclass(frozen=True)
class Colouring:
    """What the colours of items say.

    Attributes:
        values: (point,) of a factor, (beta, point) of a reading; the place of an item's value among `names`, −1: none.
        names, colours: of the values.
        title: what is coloured by, in words.
        readings: whether it is a reading of the items at each β and not a factor of theirs.
    """

    values: np.ndarray
    names: list[str]
    colours: list[str]
    title: str
    readings: bool = False


def colourings(run: xr.Dataset) -> list[str]:
    """What the items of this run can be coloured by: the label, its factors, the readings that it has."""
    factors = [str(each) for each in run.factor.values]
    has = {name for name, variable in READINGS.items() if variable in run and bool(run[variable].notnull().any())}
    if "label" not in run:
        has.discard("error")
    return ["label", *factors, *(name for name in READINGS if name in has and name not in factors)]


def colouring(run: xr.Dataset, colour: str) -> Colouring:
    """How the stored items are coloured by the label, by a factor, or by a reading: bits, error, uncertainty.

    The levels of a reading are the same at every β, from nothing to the most that any item has at any β.

    Raises:
        UnknownName: for a factor that the run does not carry.
        InvalidValue: for a reading that it lacks.
    """
    name = main_factor(run) if colour == "label" else colour
    factors = [str(each) for each in run.factor.values]
    if name in factors:
        names = json.loads(run.attrs["classes"])[name]
        values, colours = run.factors.sel(factor=name).values, [class_colour(i) for i in range(len(names))]
        return Colouring(values, names, colours, name)
    if name not in READINGS:
        raise unknown("factor to colour by", colour, ["label", *factors, *READINGS])
    if name not in colourings(run):
        raise InvalidValue(
            f"run '{run.attrs.get('id', '')}' has no {name} of its items: they are read after the training"
        )
    return _errors(run) if name == "error" else _amounts(run, name)


def levels(top: float, count: int = len(LEVELS)) -> np.ndarray:
    """The `count` − 1 round edges, equally far apart, between levels that reach from 0 to `top` bits."""
    step = next((each for each in STEPS if each * count >= top), STEPS[-1])
    return step * np.arange(1, count)


def _errors(run: xr.Dataset) -> Colouring:
    wrong = run.item_decoded.transpose("beta", "point").values != run.label.values
    return Colouring(wrong.astype(int), ["decoded right", "decoded wrong"], [SOFT_INK, WRONG], "error", readings=True)


def _amounts(run: xr.Dataset, name: str) -> Colouring:
    bits = run[READINGS[name]].transpose("beta", "point").values.astype(float)
    edges = levels(float(np.nanquantile(bits, 0.995)))
    values = np.where(np.isfinite(bits), np.digitize(bits, edges), -1)
    between = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    names = [f"below {edges[0]:g}", *between, f"above {edges[-1]:g} bits"]
    title = {"bits": "bits of the item", "uncertainty": "H(q(y|z)), bits"}[name]
    return Colouring(values, names, list(LEVELS), title, readings=True)
