"""Whether a sweep was trained long enough: compression is the slow phase."""

import xarray as xr

__all__ = ["still_falling"]

SECOND_HALF, TOLERANCE = 0.5, 0.3  # share of the steps, bits


def still_falling(run: xr.Dataset, split: str = "test") -> xr.DataArray:
    """(beta) True where I(X;Z) fell by more than 0.3 bits in the second half of the training.

    The end of a training says nothing, because the learning rate ends at 0 and stops everything; what fell during the
    half before it would have gone on falling. Compares snapshots of equal N.
    """
    measured = run.information_x.sel(split=split).isel(
        step=run.samples.sel(split=split).values == run.samples.sel(split=split).values[0]
    )
    late = measured.sel(step=measured.step >= SECOND_HALF * int(run.attrs["steps"]))
    if late.sizes["step"] < 2:
        return xr.zeros_like(run.beta, dtype=bool)
    return (late.isel(step=0) - late.isel(step=-1)) > TOLERANCE
