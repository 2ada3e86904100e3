"""The numbers in words under the views: each with how it was found, and from how many items."""

import numpy as np
import xarray as xr

Cell = list[str]  # value, caption, how it was found
SATURATED = 1.0  # bits below log2 N within which an estimate only says "at least"
NO_NOISE = "a code without noise: I(X;Z) is log₂ N on any N distinct items, and infinite in truth"


def headline(run: xr.Dataset, split: str) -> list[list[list[Cell]]]:
    """Four cells for every step and β: bits kept, of which relevant, error with one code, compression ratio."""
    at = run.sel(split=split)
    names = ("information_x", "information_y", "error_one", "error_average", "rate")
    values = np.stack([at[name].transpose("step", "beta").values for name in names], axis=-1)
    return [
        [_cells(*each, count, f"N = {count} {split} items") for each in by_beta]
        for by_beta, count in zip(values, at.samples.values.tolist(), strict=True)
    ]


def _cells(kept: float, relevant: float, one: float, average: float, rate: float, count: int, place: str) -> list[Cell]:
    total = float(np.log2(count))
    return [
        _kept(kept, rate, total, place),
        [f"{max(relevant, 0):.2f}", "of them relevant", f"bits; I(Z;Y), oracle over the encoders, no decoder; {place}"],
        _error(one, average, count, place),
        _ratio(kept, total, place),
    ]


def _kept(kept: float, rate: float, total: float, place: str) -> Cell:
    if np.isnan(kept):
        return ["–", "bits kept", f"{NO_NOISE}; {place}"]
    how = f"I(X;Z), mixture estimate, to tell one of N items apart; at most the rate, {rate:.4g} bits; {place}"
    if kept > total - SATURATED:
        return [f"≥ {kept:.2f}", "bits kept", f"{how}; saturated: so near to log₂ N that it only says at least"]
    return [f"{kept:.2f}", "bits kept", how]


def _error(one: float, average: float, count: int, place: str) -> Cell:
    spread = 100 * 1.645 * np.sqrt(max(one * (1 - one), 1 / count) / count)
    how = f"share decoded wrongly from one sampled code, ± {spread:.1f} points (90 %)"
    return [f"{100 * one:.1f} %", "error with one code", f"{how}; from twelve averaged {100 * average:.1f} %; {place}"]


def _ratio(kept: float, total: float, place: str) -> Cell:
    if np.isnan(kept):
        return ["–", "of H(X)", f"needs I(X;Z); {NO_NOISE}; {place}"]
    how = f"H(X) / I(X;Z), with H(X) = log₂ N = {total:.2f} bits; {place}"
    if kept < 0.05:
        return ["—", "nothing is kept", how]
    most = "≤ " if kept > total - SATURATED else ""
    return [f"{most}{total / kept:.1f}×", "smaller than H(X)", how]
