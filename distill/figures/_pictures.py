"""Items that are pictures: what of them is kept and discarded."""

import numpy as np
import xarray as xr

from distill.measures.decoding import as_levels, has_decoder, kept_levels

ZERO = 128  # of signed rows
Rows = dict[str, np.ndarray]


def are_pictures(run: xr.Dataset) -> bool:
    """Whether the run's items have a height and a width."""
    return len(run.attrs["input_shape"]) >= 2


def levels(run: xr.Dataset) -> np.ndarray:
    """The stored items as pictures: (point, h, w[, 3]) uint8."""
    return as_levels(run, run.inputs.transpose("point", "feature").values).reshape(-1, *run.attrs["input_shape"])


def are_kept(run: xr.Dataset) -> bool:
    """Whether there are pictures of what is kept: a decoder, or what an older run drew with one."""
    return has_decoder(run) or "kept" in run


def picture_rows(run: xr.Dataset, items: list[int]) -> Rows:
    """original (item, h, w[, 3]); kept and discarded (beta, item, h, w[, 3]) once their decoder is fitted; uint8.

    Kept is E[x|z]; discarded is half of original − kept, above ZERO where the item had more light.
    """
    original = levels(run)[items]
    if not are_kept(run):
        return {"original": original}
    kept = kept_levels(run, items).reshape(run.sizes["beta"], *original.shape)
    difference = (original[None].astype(np.int16) - kept) // 2 + ZERO
    return {"original": original, "kept": kept, "discarded": np.clip(difference, 0, 255).astype(np.uint8)}
