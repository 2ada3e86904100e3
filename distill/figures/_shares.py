"""A run's plane as proportions: I(X;Z) of H(X), I(Z;Y) of H(Y)."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from distill.errors import InvalidValue
from distill.measures.limits import ceiling_x, ceiling_y

OF_X = ("information_x", "information_x_error", "information_x_spread", "rate")
OF_Y = ("information_y", "information_y_error", "information_y_spread", "bound_y")


def as_shares(run: xr.Dataset) -> xr.Dataset:
    """`run` with the coordinates of the plane as shares; `bits_x` and `bits_y` (split, step) are what they are of.

    H(X) is the largest value that the run's I(X;Z) can take, log2 N of N distinct items, and H(Y) the entropy of
    their labels, each at its own step and split.

    Raises:
        InvalidValue: where they are not finite, as H(Y) of a continuous Y, and H(X) of a closed form.
    """
    if not sharable(run):
        raise InvalidValue(f"run '{run.attrs.get('id', '')}' has no finite H(X) and H(Y) to have shares of, only bits")
    of_x, of_y = whole_x(run), run.entropy_y
    parts = {name: run[name] / of_x for name in OF_X if name in run}
    parts |= {name: run[name] / of_y for name in OF_Y if name in run}
    limits = {"information_xy": _over_splits(run, ceiling_y) / of_y, "ceiling": _over_splits(run, ceiling_x) / of_x}
    return run.assign(parts | limits | {"bits_x": of_x, "bits_y": of_y})


def sharable(run: xr.Dataset) -> bool:
    """Whether H(X) and H(Y) are finite and above 0 in this run."""
    return "covariance_xy" not in run and all(
        bool((np.isfinite(each) & (each > 0)).all()) for each in (whole_x(run), run.entropy_y)
    )


def whole_x(run: xr.Dataset) -> xr.DataArray:
    """H(X) of the items measured, (split, step) bits; NaN where it is infinite."""
    return run.whole_x if "whole_x" in run else _over_splits(run, ceiling_x)


def _over_splits(run: xr.Dataset, limit: Callable[[xr.Dataset, str], xr.DataArray]) -> xr.DataArray:
    return xr.concat([limit(run, split).astype(float) for split in run.split.values], "split")
