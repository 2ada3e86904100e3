"""Binned information of a deterministic layer: what is left of its activations when they are rounded to cells."""

import math
from typing import NamedTuple

import numpy as np

from distill.errors import InvalidValue

__all__ = ["Binned", "binned"]

LARGEST_KEY = 2**62


class Binned(NamedTuple):
    """Bits; a number for activations (N, d), an array of the leading shape for (…, N, d)."""

    information_x: np.ndarray | float
    information_y: np.ndarray | float


def binned(activations: np.ndarray, labels: np.ndarray, bins: int = 30, low: float = -1.0, high: float = 1.0) -> Binned:
    """I(X;T) = H(c) and I(T;Y) = H(c) − H(c|Y) of the cells c that activations fall into (Shwartz-Ziv & Tishby 2017).

    c = ⌊(t − low)/(high − low) · bins⌋ in every unit; values outside go to the end cells. X is taken to be uniform
    over the N items. For a deterministic network this is the entropy of the rounding, not the information of the
    layer, which is H(X) whatever the weights (Saxe et al. 2018; Goldfeld et al. 2019): where all items fall into
    different cells it is log2 N and H(Y), and a fall means that items cluster.

    Args:
        activations: (…, N, d), one value a unit; a one-dimensional array is N items of one unit.
        labels: (N,) whole numbers.
        bins: cells between `low` and `high`, equally wide.

    Raises:
        InvalidValue: for fewer than one cell, an empty range, activations that are not finite, or labels of another
            length.
    """
    values, labels = _checked(activations, labels, bins, low, high)
    # 0 and up, so that to cut off is to floor
    cells = ((values - low) * (bins / (high - low))).clip(0, bins - 1).astype(np.int64)
    groups = cells.reshape(-1, *cells.shape[-2:])
    keys, size = np.zeros(groups.shape[:2], np.int64), 1
    for unit in range(groups.shape[-1]):
        keys, size = _joined(keys, size, groups[..., unit], bins)
    of_cells, of_both = _entropies(keys), _entropies(_joined(keys, size, labels, int(labels.max()) + 1)[0])
    share = np.bincount(labels) / len(labels)
    kept = (of_cells - (share * np.log2(share)).sum() - of_both).clip(0)
    return Binned(*(_shaped(each, cells.shape[:-2]) for each in (of_cells, kept)))


def _checked(
    activations: np.ndarray, labels: np.ndarray, bins: int, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Activations (…, N, d) as floats, and labels (N,) as whole numbers from 0."""
    values = np.asarray(activations)
    values = values[:, None] if values.ndim == 1 else values
    if bins < 1:
        raise InvalidValue(f"bins must be at least 1; got {bins}")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidValue(f"binned needs finite low < high; got low={low}, high={high}")
    if not np.isfinite(values).all():
        raise InvalidValue("binned needs finite activations; some are infinite or no numbers")
    codes = np.unique(labels, return_inverse=True)[1].ravel()
    if not len(codes) or len(codes) != values.shape[-2]:
        raise InvalidValue(f"binned needs one label an item; got {len(codes)} for {values.shape[-2]} items")
    return values, codes


def _joined(keys: np.ndarray, size: int, more: np.ndarray, values: int) -> tuple[np.ndarray, int]:
    """Keys (S, N) below `size` and further codes below `values`, as one key below the returned size."""
    if size > LARGEST_KEY // values:
        keys = np.unique(keys, return_inverse=True)[1].reshape(keys.shape)
        size = int(keys.max()) + 1
    return keys * values + more, size * values


def _entropies(keys: np.ndarray) -> np.ndarray:
    """(S,) bits: plug-in entropy of the whole numbers in each row of (S, N)."""
    ordered, items = np.sort(keys, axis=1), keys.shape[1]
    begins = np.ones(keys.shape, bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    places = np.flatnonzero(begins)
    share = np.diff(places, append=keys.size) / items
    return np.bincount(places // items, -share * np.log2(share), minlength=len(keys))


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | float:
    return values.reshape(shape) if shape else float(values[0])
