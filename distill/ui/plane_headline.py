"""The numbers under the plane: bits kept, bits of the label, how far from the best, what is superfluous, the error."""

import json
from typing import NamedTuple

import numpy as np
import xarray as xr

from distill.figures._landmarks import spreads
from distill.figures._reach import Reach, reach
from distill.figures._style import items_in_words, said_of
from distill.measures.fano import fano_floor
from distill.measures.limits import ceiling_x
from distill.ui.headline import SATURATED, Cell

FAR = 1e3  # bits: an estimate that lies further out has blown up
NOISELESS = "a code without noise: I(X;Z) is not a number"
WIDE = 20.0  # bits


class Reading(NamedTuple):
    """What a run says of one β at one step, bits but for the two errors, which are shares."""

    information_x: float
    information_y: float
    bound_y: float
    error_one: float
    rate: float
    error_x: float
    error_y: float
    floor: float
    ceiling: float


def headline(run: xr.Dataset, split: str) -> list[list[list[Cell]]]:
    """Five cells for every step and β; four where Y is continuous and has no error."""
    at, ceiling = run.sel(split=split), ceiling_x(run, split).values.astype(float)
    values = [at[name].transpose("step", "beta").values for name in Reading._fields[:5]]
    classes = len(json.loads(run.attrs["classes"])[run.attrs["label_name"]])
    floors = fano_floor(values[0], at.entropy_y.values[:, None], classes)
    table = np.stack([*values, *spreads(at)[:2], floors, np.broadcast_to(ceiling[:, None], floors.shape)], axis=-1)
    own = "estimator" not in run.attrs
    best = reach(run, split, float(np.nanmax(values[0], initial=WIDE)))
    # of a known joint the run measures the distribution itself, which is no sample of a larger one
    below = run.attrs.get("kind", "bound below") == "bound below" and not (own and "joint" in run)
    of_y = said_of(run, "information_y")
    return [
        [
            _cells(Reading(*map(float, each)), best, items_in_words(run, split, int(count)), below, own, of_y)
            for each in by_beta
        ]
        for by_beta, count in zip(table, at.samples.values, strict=True)
    ]


def _cells(at: Reading, best: Reach, place: str, below: bool, own: bool, of_y: str) -> list[Cell]:
    """`below`: whether an estimate at its ceiling says "at least"; `own`: by the run's own estimator, which is true.

    `of_y`: how I(Z;Y) was found. Of a continuous Y that is a bound, and so is what is computed from it.
    """
    if np.isnan(at.information_x):
        known = [
            f"≥ {max(at.bound_y, 0):.2f}",
            "bits kept of the label",
            f"H(Y) − CE, variational lower bound; {place}",
        ]
        empty = [["–", words, NOISELESS] for words in ("bits kept of the input", "bits short of the best")]
        error = [_error(at, place)] if np.isfinite(at.error_one) else []
        return [empty[0], known, empty[1], ["–", "superfluous bits", NOISELESS], *error]
    least = "≥ " if below and at.information_x > at.ceiling - SATURATED else ""
    how = f"I(X;Z) ± {at.error_x:.2f}" + (f"; at most the rate, {at.rate:.4g} bits" if np.isfinite(at.rate) else "")
    how += "; saturated: so near to its ceiling that it only says at least" if least else ""
    at = at if own else at._replace(floor=np.nan)  # a floor of bits that may be wrong is none
    most = float(best.at(max(at.information_x, 0.0)))
    curve = "The exact curve" if best.known else "min(I(X;Z), H(Y)), exact for labels that are a function of the item,"
    rest = at.information_x - at.information_y
    bound = "lower bound" in of_y
    at_most = "≈ " if bound and least else "≤ " if bound else ""
    spread = f" ± {at.error_y:.2f}" if np.isfinite(at.error_y) else ""
    return [
        [least + _bits(at.information_x), "bits kept of the input", f"{how}; {place}"],
        ["≥ " * bound + _bits(at.information_y), "bits kept of the label",
         f"I(Z;Y){f', {of_y}' if bound else ''}{spread}; {place}"],
        [at_most + _bits(most - at.information_y, own), "bits short of the best",
         f"{curve} at this I(X;Z) − I(Z;Y); {place}"],
        [(at_most or least) + _bits(rest, own), "superfluous bits",
         f"I(X;Z|Y) = I(X;Z) − I(Z;Y), no use for the label; {place}"],
        *([_error(at, place)] if np.isfinite(at.error_one) else []),
    ]  # fmt: skip


def _error(at: Reading, place: str) -> Cell:
    cell = [f"{100 * at.error_one:.1f} %", "error with one code", f"share of items decoded wrongly; {place}"]
    if np.isfinite(at.floor) and np.isfinite(at.information_x):
        floor = f"{100 * at.floor:.1f} %"
        cell[1] += f"; floor {floor}"
        cell[2] += f"; Fano: no decoder of a code of {_bits(at.information_x)} bits errs less often than {floor}"
    return cell


def _bits(value: float, own: bool = True) -> str:
    """Two decimals; a negative of Monte Carlo size is shown as 0, an estimate that has blown up in three digits.

    Not of the run's `own` estimator, a negative stays: it says that the estimate cannot be true.
    """
    value = max(value, 0.0) if own else value
    value = value if abs(value) >= 0.005 else 0.0  # −0.00 says nothing
    return f"{value:.3g}" if abs(value) > FAR else f"{value:.2f}".replace("-", "−")
