"""What a code says of the label: q(y|z) by the label decoder that a run carries, in numpy."""

import itertools
import json

import numpy as np
import xarray as xr

from distill.errors import InvalidValue

__all__ = ["decided", "has_label_decoder", "label_outputs", "mistaken", "predicted"]

WEIGHT, BIAS = "label_weight_{}", "label_bias_{}"  # of layer 1, 2, …


def has_label_decoder(run: xr.Dataset) -> bool:
    """Whether the run carries its label decoder, so that any code can be read."""
    return WEIGHT.format(1) in run and BIAS.format(1) in run


def label_outputs(run: xr.Dataset, codes: np.ndarray) -> np.ndarray:
    """The outputs of the label decoder for codes (beta, n, latent): (beta, n, output) float32.

    Logits of the values of every head, one head after the other, or the means of a continuous Y. It is the decoder
    that was trained with the encoder, of the first seed: linear, or with rectified hidden layers.

    Raises:
        InvalidValue: where the run carries no label decoder, and where the codes do not fit it.
    """
    if not has_label_decoder(run):
        raise InvalidValue(f"run {run.attrs.get('id', '')} has no label decoder: it is added after the training")
    betas, latent = run.sizes["beta"], run.sizes["latent"]
    if codes.ndim != 3 or (codes.shape[0], codes.shape[2]) != (betas, latent):
        raise InvalidValue(f"codes must have the shape ({betas}, n, {latent}): (beta, n, latent); got {codes.shape}")
    values = codes.astype(np.float32)
    for i in itertools.count(1):
        if WEIGHT.format(i) not in run:
            return values
        values = np.maximum(values, 0) if i > 1 else values
        weight, bias = run[WEIGHT.format(i)].transpose("beta", ...), run[BIAS.format(i)].transpose("beta", ...)
        values = values @ weight.values + bias.values[:, None]
    raise AssertionError("a run has finitely many layers")


def decided(run: xr.Dataset, codes: np.ndarray) -> dict[str, np.ndarray]:
    """q(y|z) of codes (beta, n, latent), factor by factor: {factor: (beta, n, values) float64}, rows that add up to 1.

    One factor is decoded as a rule, and several where the run was asked to keep several.

    Raises:
        InvalidValue: as `label_outputs` does, and for a continuous Y, whose mean `predicted` gives.
    """
    if "covariance_xy" in run:
        raise InvalidValue("a continuous Y has no probabilities of classes")
    logits, found, end = label_outputs(run, codes).astype(np.float64), {}, 0
    for name, count in _heads(run).items():
        start, end = end, end + count
        own = np.exp(logits[..., start:end] - logits[..., start:end].max(-1, keepdims=True))
        found[name] = own / own.sum(-1, keepdims=True)
    return found


def predicted(run: xr.Dataset, codes: np.ndarray) -> np.ndarray:
    """E[y|z] of a continuous Y for codes (beta, n, latent): (beta, n, Dy) float32.

    Raises:
        InvalidValue: as `label_outputs` does, and where Y has classes, whose probabilities `decided` gives.
    """
    if "covariance_xy" not in run:
        raise InvalidValue("a label with classes has no mean")
    return label_outputs(run, codes)


def mistaken(run: xr.Dataset, codes: np.ndarray) -> np.ndarray:
    """Whether the likeliest class is wrong, of codes (beta, point, latent) of the stored items: (beta, point) bool.

    Of several factors an item is wrong where any is, as `error_one` counts.

    Raises:
        InvalidValue: as `decided` does.
    """
    wrong = np.zeros(codes.shape[:2], bool)
    for name, shares in decided(run, codes).items():
        truth = run.factors.sel(factor=name) if name in run.factor.values else run.label
        wrong |= shares.argmax(-1) != truth.values
    return wrong


def _heads(run: xr.Dataset) -> dict[str, int]:
    """Factor that is decoded → the number of its values."""
    classes = json.loads(run.attrs["classes"])
    return {name: len(classes[name]) for name in json.loads(run.attrs["heads"])}
