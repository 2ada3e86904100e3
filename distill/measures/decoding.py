"""What a code is decoded to: E[x|z] by the decoder that a run carries, in numpy."""

import numpy as np
import xarray as xr

from distill.errors import InvalidValue
from distill.measures.codes import sampled_codes

__all__ = ["as_levels", "decoded", "has_decoder", "kept_levels", "shown_items"]

SHOWN = 8  # items in a row
DECODER = {  # variable → its dimensions
    "decoder_centre": ("beta", "latent"),
    "decoder_spread": ("beta", "latent"),
    "decoder_in": ("beta", "latent", "unit"),
    "decoder_in_bias": ("beta", "unit"),
    "decoder_out": ("beta", "unit", "feature"),
    "decoder_out_bias": ("beta", "feature"),
}


def has_decoder(run: xr.Dataset) -> bool:
    """Whether the run carries a decoder, so that any code can be decoded."""
    return all(name in run for name in DECODER)


def decoded(run: xr.Dataset, codes: np.ndarray) -> np.ndarray:
    """E[x|z] of codes (beta, n, latent): (beta, n, feature) float32, standardised inputs, of every kind of data.

    x̂ = W₂ᵀ max(0, W₁ᵀ (z − centre) / spread + b₁) + b₂, fitted after the training to training items by squared error,
    whose optimum is the conditional mean (`distill.reconstruction`). One code more is another draw, not another item.

    Raises:
        InvalidValue: where the run carries no decoder, and where the codes do not fit it.
    """
    if not has_decoder(run):
        raise InvalidValue(f"run {run.attrs.get('id', '')} has no decoder: it is fitted after the training")
    given = [run[name].transpose(*dims).values.astype(np.float32) for name, dims in DECODER.items()]
    centre, spread, first, first_bias, second, second_bias = given
    if codes.ndim != 3 or (codes.shape[0], codes.shape[2]) != centre.shape:
        betas, latent = centre.shape
        raise InvalidValue(f"codes must have the shape ({betas}, n, {latent}): (beta, n, latent); got {codes.shape}")
    standardised = ((codes - centre[:, None]) / spread[:, None]).astype(np.float32)
    units = np.maximum(standardised @ first + first_bias[:, None], 0)
    return units @ second + second_bias[:, None]


def as_levels(run: xr.Dataset, values: np.ndarray) -> np.ndarray:
    """Standardised inputs (…, feature) of pictures as levels from 0 to 255: uint8, clipped to the range of values."""
    about = run.inputs.attrs
    raw = values * about["scale"] + about["offset"]
    shares = np.clip((raw - about["low"]) / (about["high"] - about["low"]), 0, 1)
    return (shares * 255).round().astype(np.uint8)


def kept_levels(run: xr.Dataset, items: list[int]) -> np.ndarray:
    """What is kept of the stored items at these places, at every β: (beta, item, feature) uint8, levels of a picture.

    E[x|z] of the very codes that the maps show. An older run has it as the variable `kept`.

    Raises:
        InvalidValue: where the run has neither a decoder nor such pictures.
    """
    if not has_decoder(run) and "kept" in run:
        return run.kept.isel(point=items).transpose("beta", "point", "feature").values
    return as_levels(run, decoded(run, sampled_codes(run)[:, items]))


def shown_items(run: xr.Dataset) -> list[int]:
    """Eight stored items, one of each class in turn, in the order of the classes.

    The classes are those of the data set's own label, its first factor: another question is asked of the same items.
    """
    labels = run.factors.isel(factor=0).values if "factors" in run else run.label.values
    queues = [list(np.flatnonzero(labels == value)) for value in np.unique(labels)]
    chosen: list[int] = []
    while len(chosen) < SHOWN and any(queues):
        chosen += [int(queue.pop(0)) for queue in queues if queue][: SHOWN - len(chosen)]
    return sorted(chosen, key=lambda item: (labels[item], item))
