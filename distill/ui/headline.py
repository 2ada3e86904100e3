"""The numbers in words under the views: each with how it was found, and from how many items."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from distill.figures._style import items_in_words, said_of
from distill.measures.limits import ceiling_x, ceiling_y

Cell = list[str]  # value, caption, how it was found
SATURATED = 1.0  # bits below log2 N within which an estimate only says "at least"
NO_NOISE = "a code without noise: I(X;Z) is log₂ N on any N distinct items, and infinite in truth"


class Reading(NamedTuple):
    """What a run says of one β at one step; the fields are the run's variables."""

    information_x: float
    information_y: float
    bound_y: float
    error_one: float
    error_average: float
    rate: float


def headline(run: xr.Dataset, split: str) -> list[list[list[Cell]]]:
    """Four cells for every step and β: bits kept, of which relevant, error with one code, compression ratio."""
    at, limits = run.sel(split=split), ceiling_x(run, split).values
    values = np.stack([at[name].transpose("step", "beta").values for name in Reading._fields], axis=-1)
    x, y = (said_of(run, name) for name in ("information_x", "information_y"))
    known = "joint" in run
    most = ceiling_y(run, split).values
    how = [
        _How(x, y, items_in_words(run, split, int(count)), known, float(whole), np.nan if known else float(count))
        for count, whole in zip(at.samples.values, most, strict=True)
    ]
    return [
        [_cells(Reading(*each), float(total), found) for each in by_beta]
        for by_beta, total, found in zip(values, limits, how, strict=True)
    ]


class _How(NamedTuple):
    """How I(X;Z) and I(Z;Y) were found, on which items, and whether these are all that there are; and I(X;Y).

    `count`: the items of the sample; NaN where they are all that there are.
    """

    x: str
    y: str
    place: str
    known: bool
    most: float
    count: float


def _cells(reading: Reading, total: float, how: _How) -> list[Cell]:
    cells = [_kept(reading, total, how), _relevant(reading, how.y)]
    last = _ratio(reading.information_x, total, how.known) if np.isfinite(total) else _share(reading, how.most)
    cells += [_error(reading, how.count), last]
    return [[value, words, f"{found}; {how.place}"] for value, words, found in cells]


def _kept(reading: Reading, total: float, found: _How) -> Cell:
    kept = reading.information_x
    if np.isnan(kept):
        return ["–", "bits kept", NO_NOISE]
    how = f"I(X;Z), {found.x}; at most the rate, {reading.rate:.4g} bits"
    if kept > total - SATURATED and not found.known:
        return [f"≥ {kept:.2f}", "bits kept", f"{how}; saturated: so near to log₂ N that it only says at least"]
    return [f"{max(kept, 0):.2f}", "bits kept", how]


def _relevant(reading: Reading, how: str) -> Cell:
    if np.isnan(reading.information_x):
        return [f"≥ {max(reading.bound_y, 0):.2f}", "bits of the label", "H(Y) − CE, variational lower bound on I(Z;Y)"]
    relevant = max(min(reading.information_y, reading.information_x), 0)  # they cross by Monte Carlo error alone
    least = "≥ " if "lower bound" in how else ""
    return [f"{least}{relevant:.2f}", "of them relevant", f"bits; I(Z;Y), {how}"]


def _error(reading: Reading, count: float) -> Cell:
    one = reading.error_one
    if np.isnan(one):
        how = "h(Y) − CE with one code on the drawn items, whose chance may lift it a little above I(Z;Y)"
        return [f"≥ {max(reading.bound_y, 0):.2f}", "bits found by the decoder", how]
    how = "share decoded wrongly from one sampled code"
    if np.isfinite(count):
        how += f", ± {164.5 * np.sqrt(max(one * (1 - one), 1 / count) / count):.1f} points (90 %)"
    average = f"from twelve averaged {100 * reading.error_average:.1f} %"
    return [f"{100 * one:.1f} %", "error with one code", f"{how}; {average}"]


def _ratio(kept: float, total: float, known: bool) -> Cell:
    if np.isnan(kept):
        return ["–", "smaller than H(X)", f"needs I(X;Z); {NO_NOISE}"]
    how = f"H(X) / I(X;Z), with H(X) = {total:.2f} bits"
    if kept < 0.05:
        return ["—", "nothing is kept", how]
    most = "≤ " if kept > total - SATURATED and not known else ""
    return [f"{most}{total / kept:.1f}×", "smaller than H(X)", how]


def _share(reading: Reading, most: float) -> Cell:
    """For continuous inputs, which have no H(X) to compare with."""
    share = max(reading.information_y, 0) / most
    return [f"{100 * share:.0f} %", "of all that any code can keep of Y", f"I(Z;Y) of I(X;Y) = {most:.2f} bits"]
