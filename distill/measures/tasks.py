"""What a run was asked to keep: the factors that Y consists of, and their weights."""

import json

import xarray as xr

__all__ = ["main_factor", "task_weights"]


def task_weights(run: xr.Dataset) -> dict[str, float]:
    """Factor → its weight in the loss, of all factors that Y consists of; a label alone has the weight 1."""
    return json.loads(run.attrs.get("heads", "{}")) or {str(run.attrs["label_name"]): 1.0}


def main_factor(run: xr.Dataset) -> str:
    """The factor with the largest weight, by which items are coloured where Y is several; of equals the first."""
    weights = task_weights(run)
    return max(weights, key=weights.__getitem__)
