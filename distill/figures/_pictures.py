"""Items that are pictures: which are shown, and what of them is kept and discarded."""

import numpy as np
import xarray as xr

SHOWN = 8  # pictures in a row
ZERO = 128  # of signed rows
Rows = dict[str, np.ndarray]


def are_pictures(run: xr.Dataset) -> bool:
    """Whether the run's items have a height and a width."""
    return len(run.attrs["input_shape"]) >= 2


def levels(run: xr.Dataset) -> np.ndarray:
    """The stored items as pictures: (point, h, w[, 3]) uint8."""
    about = run.inputs.attrs
    raw = run.inputs.transpose("point", "feature").values * about["scale"] + about["offset"]
    shares = np.clip((raw - about["low"]) / (about["high"] - about["low"]), 0, 1)
    return (shares * 255).round().astype(np.uint8).reshape(-1, *run.attrs["input_shape"])


def shown_items(run: xr.Dataset) -> list[int]:
    """Eight stored items, one of each class in turn, in the order of the classes."""
    labels = run.label.values
    queues = [list(np.flatnonzero(labels == value)) for value in np.unique(labels)]
    chosen: list[int] = []
    while len(chosen) < SHOWN and any(queues):
        chosen += [int(queue.pop(0)) for queue in queues if queue][: SHOWN - len(chosen)]
    return sorted(chosen, key=lambda item: (labels[item], item))


def picture_rows(run: xr.Dataset, items: list[int]) -> Rows:
    """original (item, h, w[, 3]); kept and discarded (beta, item, h, w[, 3]) once their decoder is fitted; uint8.

    Kept is E[x|z]; discarded is half of original − kept, above ZERO where the item had more light.
    """
    original = levels(run)[items]
    if "kept" not in run:
        return {"original": original}
    kept = run.kept.isel(point=items).transpose("beta", "point", "feature").values
    kept = kept.reshape(run.sizes["beta"], *original.shape)
    difference = (original[None].astype(np.int16) - kept) // 2 + ZERO
    return {"original": original, "kept": kept, "discarded": np.clip(difference, 0, 255).astype(np.uint8)}
