"""When knowing more pays: how a coder's bytes grow with what is sent, and from where a network's weights are earned."""

import numpy as np
import xarray as xr

from distill.figures._wall import Coder, best_free, counts, network


def totals(each: Coder, sent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(known,) numbers of items and the bits of the whole files, the model left out."""
    known = np.isfinite(each.bits)
    return sent[known], each.bits[known] * sent[known]


def marginal(each: Coder, sent: np.ndarray) -> float:
    """Bits that the next item costs, measured between the two largest numbers that were sent."""
    n, bits = totals(each, sent)
    return float((bits[-1] - bits[-2]) / (n[-1] - n[-2])) if len(n) > 1 else float(bits[-1] / n[-1])


def extended(each: Coder, sent: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """(grid,) bits an item, the model left out: between what was sent interpolated, beyond it by the marginal rate."""
    n, bits = totals(each, sent)
    beyond = bits[-1] + marginal(each, sent) * (grid - n[-1])
    return np.where(grid > n[-1], beyond, np.interp(grid, n, bits)) / grid


def model_bits(run: xr.Dataset) -> float:
    """Bits of the network's own file of weights; NaN before it is written."""
    each = network(run)
    return float(each.own[0] * counts(run)[0]) if each is not None and each.own.any() else np.nan


def break_even(run: xr.Dataset) -> float:
    """The number of items from which network and weights together need fewer bits than the best coder without.

    From there on it stays ahead, so far as was sent. Infinite where it never does at the measured rates; NaN before the
    network has been written.
    """
    each, sent, own = network(run), counts(run), model_bits(run)
    if each is None or not each.written or np.isnan(own):
        return np.nan
    free = best_free(run)
    gain = sent * (extended(free, sent, sent) - extended(each, sent, sent)) - own
    if gain[-1] < 0:
        slope = marginal(free, sent) - marginal(each, sent)
        return float(sent[-1] - gain[-1] / slope) if slope > 0 else np.inf
    behind = np.flatnonzero(gain < 0)
    if not behind.size:
        return float(sent[0])
    last = behind[-1]  # a coder that counts as it goes may catch up again, so that the first crossing is not enough
    (a, b), (low, high) = sent[last : last + 2], gain[last : last + 2]
    return float(a - low * (b - a) / (high - low))
