"""What no code can pass: H(X), or the ceiling of its estimate, and I(X;Y)."""

import numpy as np
import xarray as xr

__all__ = ["ceiling_x", "ceiling_y"]


def ceiling_x(run: xr.Dataset, split: str = "test") -> xr.DataArray:
    """(step) bits that the estimate of I(X;Z) cannot pass: log2 N, or H(X) of a known joint distribution.

    NaN where there is no ceiling, as for the closed form of a linear encoder.
    """
    at = run.sel(split=split)
    return at.ceiling if "ceiling" in at else np.log2(at.samples.astype(float))


def ceiling_y(run: xr.Dataset, split: str = "test") -> xr.DataArray:
    """(step) I(X;Y) of the items measured, bits: H(Y) where the label is a function of the item."""
    at = run.sel(split=split)
    return at.information_xy if "information_xy" in at else at.entropy_y
