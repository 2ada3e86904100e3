"""The numbers in words under the views: each with how it was found, and from how many items."""

from typing import NamedTuple

import numpy as np
import xarray as xr

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
    at = run.sel(split=split)
    values = np.stack([at[name].transpose("step", "beta").values for name in Reading._fields], axis=-1)
    return [
        [_cells(Reading(*each), int(count), split) for each in by_beta]
        for by_beta, count in zip(values, at.samples.values, strict=True)
    ]


def _cells(reading: Reading, count: int, split: str) -> list[Cell]:
    total, place = float(np.log2(count)), f"N = {count} {split} items"
    cells = [_kept(reading, total), _relevant(reading), _error(reading, count), _ratio(reading.information_x, total)]
    return [[value, words, f"{how}; {place}"] for value, words, how in cells]


def _kept(reading: Reading, total: float) -> Cell:
    kept = reading.information_x
    if np.isnan(kept):
        return ["–", "bits kept", NO_NOISE]
    how = f"I(X;Z), mixture estimate, to tell one of N items apart; at most the rate, {reading.rate:.4g} bits"
    if kept > total - SATURATED:
        return [f"≥ {kept:.2f}", "bits kept", f"{how}; saturated: so near to log₂ N that it only says at least"]
    return [f"{max(kept, 0):.2f}", "bits kept", how]


def _relevant(reading: Reading) -> Cell:
    if np.isnan(reading.information_x):
        return [f"≥ {max(reading.bound_y, 0):.2f}", "bits of the label", "H(Y) − CE, variational lower bound on I(Z;Y)"]
    relevant = max(min(reading.information_y, reading.information_x), 0)  # they cross by Monte Carlo error alone
    return [f"{relevant:.2f}", "of them relevant", "bits; I(Z;Y), oracle over the encoders, no decoder"]


def _error(reading: Reading, count: int) -> Cell:
    one = reading.error_one
    spread = 164.5 * np.sqrt(max(one * (1 - one), 1 / count) / count)
    how = f"share decoded wrongly from one sampled code, ± {spread:.1f} points (90 %)"
    return [
        f"{100 * one:.1f} %",
        "error with one code",
        f"{how}; from twelve averaged {100 * reading.error_average:.1f} %",
    ]


def _ratio(kept: float, total: float) -> Cell:
    if np.isnan(kept):
        return ["–", "of H(X)", f"needs I(X;Z); {NO_NOISE}"]
    how = f"H(X) / I(X;Z), with H(X) = log₂ N = {total:.2f} bits"
    if kept < 0.05:
        return ["—", "nothing is kept", how]
    most = "≤ " if kept > total - SATURATED else ""
    return [f"{most}{total / kept:.1f}×", "smaller than H(X)", how]
