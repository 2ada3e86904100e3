"""Stored items as files of codes: what is written of them, what comes back, and what they take without loss."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from distill.coding import semantic
from distill.coding.codecs import Codec, codecs
from distill.errors import InvalidValue
from distill.figures._pictures import are_pictures
from distill.measures.codes import sampled_codes
from distill.measures.decoding import as_levels, has_decoder
from distill.palette import SOFT_INK
from distill.sources import Source

BITS = 8  # of a level
DRAWS = 32  # of a symbol, from which it is asked for
QUICK = ("general", "picture")  # families of coders that take no time on a run's own items


class Lossless(NamedTuple):
    """The fewest bits an item without loss: measured by which coder, on how many items, and how that is to be said."""

    bits: float
    title: str
    items: int
    note: str
    colour: str = SOFT_INK


class Answers(NamedTuple):
    """What comes back of some stored items, at every β.

    Attributes:
        bytes: (beta,) size of the files.
        levels: (beta, item, feature) uint8, E[x|z] in 8-bit levels.
        labels: factor → (beta, item, values), q(y|z); {} of a continuous Y.
    """

    bytes: np.ndarray
    levels: np.ndarray
    labels: dict[str, np.ndarray]


def why_not(run: xr.Dataset) -> str:
    """A sentence where the items of a run cannot be sent as codes; "" where they can."""
    if "joint" in run or "covariance_xy" in run:
        return "the items of a known distribution are no things to be sent, so there are no files of their codes"
    if not semantic.has_codec(run):
        left = "codec" in str(run.attrs.get("left_out", ""))
        why = "it was shipped without" if left else "it came before there was one"
        return f"run {run.attrs.get('id', '')} has no codec for its codes: {why}; train it anew"
    return ""


def checked(run: xr.Dataset, pictures_too: bool = False) -> xr.Dataset:
    """`run`, if its items can be sent, and with `pictures_too` be decoded; raises InvalidValue otherwise."""
    reason = why_not(run)
    if not reason and pictures_too and not has_decoder(run):
        reason = f"run {run.attrs.get('id', '')} has no decoder, so that an answer would be a code and nothing to see"
    if reason:
        raise InvalidValue(reason)
    return run


def sent_levels(run: xr.Dataset) -> np.ndarray:
    """The stored items in 8-bit levels: (point, feature) uint8."""
    return to_levels(run, run.inputs.transpose("point", "feature").values)


def to_levels(run: xr.Dataset, inputs: np.ndarray) -> np.ndarray:
    """Standardised inputs (…, feature) in 8-bit levels, uint8.

    Of pictures their own; of other data 256 even levels from the least to the most of each column among stored items.
    """
    if are_pictures(run):
        return as_levels(run, inputs)
    own = run.inputs.transpose("point", "feature").values.astype(float)
    low, span = own.min(0), np.ptp(own, 0)
    shares = np.clip((inputs - low) / np.where(span > 0, span, 1), 0, 1)
    return (shares * 255).round().astype(np.uint8)


def raw_bits(run: xr.Dataset) -> int:
    """Bits of an item as it is, a byte a value."""
    return BITS * run.sizes["feature"]


def answers(run: xr.Dataset, seed: int, items: list[int] | None = None) -> Answers:
    """Stored items (None: all) written and read back at every β, under the dither of this seed.

    A categorical code has no dither: another seed sends another symbol drawn from the item's probabilities.

    Raises:
        InvalidValue: where the run has no codec or no decoder.
    """
    run = checked(run, pictures_too=True)
    drawn = run.attrs.get("code") == "categorical"
    means = sampled_codes(run, draw=seed % DRAWS) if drawn else semantic.to_send(run)
    means = means if items is None else means[:, items]
    files = [semantic.encode(run, beta, each, seed) for beta, each in enumerate(means)]
    found = [semantic.decode(each, run) for each in files]
    return Answers(
        np.array([len(each) for each in files]),
        to_levels(run, np.stack([each.inputs for each in found])),
        {name: np.stack([each.labels[name] for each in found]) for name in found[0].labels},
    )


def differing(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Bits that differ between levels of the same shape, each 0 to 8: uint8."""
    return np.bitwise_count(one ^ other).astype(np.uint8)


def truths(run: xr.Dataset, name: str) -> np.ndarray:
    """(point,) the true class of a factor that is decoded."""
    found = run.factors.sel(factor=name) if name in run.factor.values else run.label
    return found.values.astype(int)


def quick_codecs(run: xr.Dataset, levels: np.ndarray) -> list[Codec]:
    """The lossless coders that suit levels (n, feature) of a run and take no time."""
    shape = tuple(run.attrs["input_shape"]) if len(run.attrs["input_shape"]) == 2 else ()
    source = Source("items", levels.ravel(), levels[:0].ravel(), 256, "item", levels.shape[1], shape)
    return [each for each in codecs(source).values() if each.family in QUICK and each.name != "png_each"]


def best_lossless(run: xr.Dataset, levels: np.ndarray) -> tuple[Codec, bytes]:
    """The quick coder that writes levels (n, feature) as the smallest file, and the file; it is read back and compared.

    Raises:
        InvalidValue: where what came back is not what was sent.
    """
    data = levels.tobytes()
    files = [(each, each.encode(data)) for each in quick_codecs(run, levels)]
    codec, blob = min(files, key=lambda each: len(each[1]))
    if codec.decode(blob) != data:
        raise InvalidValue(f"{codec.title} did not give back what was sent")
    return codec, blob


def lossless_here(run: xr.Dataset) -> Lossless:
    """The best of the quick coders on the stored items themselves, where no wall of their source was measured."""
    levels = sent_levels(run)
    codec, blob = best_lossless(run, levels)
    count = len(levels)
    return Lossless(BITS * len(blob) / count, codec.title, count, f"one file of these {count} items")
