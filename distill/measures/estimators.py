"""One frozen run under every estimator: how much of what the plane shows is the network's, and how much the ruler's."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr

from distill.errors import InvalidValue, unknown
from distill.measures._densities import class_log_means, log_densities, pointwise, pointwise_left_out
from distill.measures.binning import binned
from distill.measures.codes import evaluation_noise
from distill.measures.comparisons import NEIGHBOURS, distances, info_nce, ksg_bits, ksg_labels, near
from distill.measures.entropies import entropy_of_rows
from distill.measures.kernels import code_bounds

__all__ = ["ESTIMATORS", "estimates"]

DRAWS = 4
SEED = 90_210  # of noise that no run was measured with
BATCH = 64  # of InfoNCE, as a network's critic would be trained with
BINS = 30
MOST_LATENTS = 3  # neighbours tell little in more dimensions


class Codes(NamedTuple):
    """One β's: mean and scale (N, K), noise (draws, N, K), labels (N,), distances of inputs (N, N) or None."""

    mean: np.ndarray
    scale: np.ndarray
    noise: np.ndarray
    labels: np.ndarray
    inputs_apart: np.ndarray | None


class Estimator(NamedTuple):
    """How an estimator is called and what it is worth.

    Attributes:
        title: its name on screen.
        caution: one sentence to stand beside its figures.
        kind: what its I(X;Z) is: "bound above", "bound below" or "neither"; `kind_y` the same of I(Z;Y).
        sampled: whether it draws codes; if not, its error from draws is 0.
        noiseless: whether it can measure a code without noise.
        of: Codes → bits (2, draws), of X and of Y.
        most: (N, H(X) of the N items) → the largest I(X;Z) it can give, bits.
    """

    title: str
    caution: str
    kind: str
    kind_y: str
    sampled: bool
    noiseless: bool
    of: Callable[[Codes], np.ndarray]
    most: Callable[[int, float], float]


def estimates(run: xr.Dataset, name: str, split: str = "test") -> xr.Dataset:
    """I(X;Z) and I(Z;Y) of a run's last stored codes under the estimator `name`, dims (beta), bits.

    `information_x`, `information_y`, their `*_error` (standard error over four fixed draws of the noise: of the
    draws alone, the items being the same) and `blown_up`, where leave-one-out means nothing. I(Z;Y) is NaN for a
    continuous Y, of which the stored label is a coarse reading. Attributes: `title`, `estimator` (a sentence), `kind`
    and `kind_y`, `ceiling` (bits, infinite for none), `samples` and `draws`.

    Raises:
        UnknownName: for an estimator that is not in ESTIMATORS.
        InvalidValue: where the run has no codes of these items, or none that this estimator can measure.
    """
    if name not in ESTIMATORS:
        raise unknown("estimator", name, ESTIMATORS)
    estimator = ESTIMATORS[name]
    codes = _codes(run, name, split)
    bits = np.stack([estimator.of(each) for each in codes])  # (beta, 2, draws)
    if "covariance_xy" in run:
        bits[:, 1] = np.nan
    items, draws = len(codes[0].labels), bits.shape[-1]
    ceiling = float(estimator.most(items, entropy_of_rows(run.inputs.transpose("point", "feature").values)))
    drawn = " Of items drawn from the known distribution, not of the distribution itself." if "joint" in run else ""
    return _labelled(run, estimator, bits).assign_attrs(
        title=estimator.title, estimator=estimator.caution + drawn, kind=estimator.kind, kind_y=estimator.kind_y,
        ceiling=ceiling, samples=items, draws=draws if estimator.sampled else 0, split=split,
    )  # fmt: skip


def _labelled(run: xr.Dataset, estimator: Estimator, bits: np.ndarray) -> xr.Dataset:
    """Bits (beta, 2, draws) as variables over β, with their errors."""
    mean, units = bits.mean(-1), {"units": "bits"}
    error = bits.std(-1, ddof=1) / math.sqrt(bits.shape[-1]) if estimator.sampled else 0 * mean
    found = {}
    for i, (variable, words) in enumerate((("information_x", "I(X;Z)"), ("information_y", "I(Z;Y)"))):
        found[variable] = ("beta", mean[:, i], units | {"long_name": words, "estimator": estimator.title})
        found[f"{variable}_error"] = (
            "beta",
            error[:, i],
            units | {"long_name": f"standard error of {words} over draws"},
        )
    most = math.log2(run.sizes["point"])
    found["blown_up"] = ("beta", (mean[:, 0] > most) & (estimator.title == LEAVE_ONE_OUT), {"units": "1"})
    return xr.Dataset(found, coords={"beta": run.beta})


def _codes(run: xr.Dataset, name: str, split: str) -> list[Codes]:
    """What the estimator measures at each β; raises InvalidValue, with the reason, where it cannot."""
    if "code_mean" not in run:
        raise InvalidValue("this run has no stored codes yet, and an estimator needs them")
    if split != "test":
        raise InvalidValue(f"codes are stored of test items only; got split '{split}'")
    over, last = ("beta", "point", "latent"), run.isel(code_step=-1)
    mean, scale = (last[each].transpose(*over).values.astype(np.float64) for each in ("code_mean", "code_scale"))
    if run.attrs.get("code") == "categorical":
        raise InvalidValue("the bits of a categorical code are exact; there is nothing to estimate")
    if not ESTIMATORS[name].noiseless and not (scale > 0).all():
        able = " and ".join(each for each, one in ESTIMATORS.items() if one.noiseless)
        raise InvalidValue(f"'{name}' needs noise in the code, and this one has none; {able} need none")
    apart = _inputs_apart(run, mean.shape[-1]) if name == "ksg" else None
    noise = evaluation_noise(SEED, DRAWS, *mean.shape[1:])
    labels = run.label.values.astype(np.int64)
    return [Codes(m, s, noise, labels, apart) for m, s in zip(mean, scale, strict=True)]


def _inputs_apart(run: xr.Dataset, latents: int) -> np.ndarray:
    """Distances of the inputs, scaled to deviation 1."""
    inputs = run.inputs.transpose("point", "feature").values.astype(np.float64)
    if latents > MOST_LATENTS:
        raise InvalidValue(f"KSG is shown for codes of at most {MOST_LATENTS} dimensions; this run has {latents}")
    if len(np.unique(inputs, axis=0)) < len(inputs):
        raise InvalidValue("KSG needs a continuous X, and some items of this run are equal")
    return distances(inputs / inputs.std(), np.arange(len(inputs)))


def _mixture(codes: Codes) -> np.ndarray:
    return pointwise(log_densities(codes.mean, codes.scale, codes.noise), codes.labels).mean(-1)


def _leave_one_out(codes: Codes) -> np.ndarray:
    return np.nanmean(pointwise_left_out(log_densities(codes.mean, codes.scale, codes.noise), codes.labels), -1)


def _upper(codes: Codes) -> np.ndarray:
    found = code_bounds(codes.mean, codes.scale, codes.labels)
    return np.array([[found.upper_x], [found.upper_difference_y]])


def _lower(codes: Codes) -> np.ndarray:
    found = code_bounds(codes.mean, codes.scale, codes.labels)
    return np.array([[found.lower_x], [found.lower_difference_y]])


def _info_nce(codes: Codes) -> np.ndarray:
    """The true densities as critics: of the item, and of the items of its label."""
    logs = log_densities(codes.mean, codes.scale, codes.noise)
    by_label = class_log_means(logs, codes.labels)[1][..., codes.labels]  # (draws, N, N): log q(z_i|y_j)
    batch = min(BATCH, len(codes.labels))
    return np.stack([info_nce(logs, batch), info_nce(by_label, batch)])


def _ksg(codes: Codes) -> np.ndarray:
    found, items = [], np.arange(len(codes.mean))
    for noise in codes.noise if codes.scale.any() else codes.noise[:2]:
        z = codes.mean + codes.scale * noise
        nearer = near(codes.inputs_apart, distances(z / z.std(), items), items, NEIGHBOURS)
        found.append([ksg_bits(nearer, len(items)), ksg_labels(z, codes.labels)])
    return np.array(found).T


def _binned(codes: Codes) -> np.ndarray:
    found = []
    for noise in codes.noise:
        z = codes.mean + codes.scale * noise
        found.append(binned(z, codes.labels, BINS, float(z.min()), float(z.max()) + 1e-9))
    return np.array(found).T


LEAVE_ONE_OUT = "Leave-one-out"
ESTIMATORS: dict[str, Estimator] = {
    "mixture": Estimator(
        "Mixture of encoders",
        "Exact for these N items, and for all items a bound from below that cannot pass log₂ N.",
        "bound below", "neither", True, False, _mixture, lambda items, entropy: entropy,
    ),
    "leave-one-out": Estimator(
        LEAVE_ONE_OUT,
        "Above I(X;Z) in expectation, but where no other item's code comes near it grows without limit: marks above "
        "log₂ N mean nothing.",
        "bound above", "neither", True, False, _leave_one_out, lambda items, entropy: math.inf,
    ),
    "kernel upper": Estimator(
        "Kernel, upper",
        "Above I(X;Z) of these N items, from the divergences between their codes; for Y a difference of two such "
        "bounds, which is no bound.",
        "bound above", "neither", False, False, _upper, lambda items, entropy: entropy,
    ),
    "kernel lower": Estimator(
        "Kernel, lower",
        "Below I(X;Z) of these N items, from the Bhattacharyya distances between their codes; for Y a difference of "
        "two such bounds, which is no bound.",
        "bound below", "neither", False, False, _lower, lambda items, entropy: entropy,
    ),
    "infonce": Estimator(
        f"InfoNCE, batches of {BATCH}",
        f"Below I(X;Z) in expectation and never above log2 {BATCH} = {math.log2(BATCH):.0f} bits, though its critic "
        "here is the true density: the ceiling is the batch's.",
        "bound below", "bound below", True, False, _info_nce,
        lambda items, entropy: math.log2(min(BATCH, items)),
    ),
    "ksg": Estimator(
        "Nearest neighbours (KSG)",
        "Distances to neighbours alone, with nothing known of the encoder: no bound, and far too low where X has many "
        "dimensions.",
        "neither", "neither", True, True, _ksg, lambda items, entropy: ksg_bits(np.ones((2, 1)), items),
    ),
    "binned": Estimator(
        f"Binned, {BINS} cells",
        "The entropy of codes rounded to cells between their lowest and highest value at each β: it counts noise as "
        "information, and is log₂ N where every item has a cell of its own.",
        "neither", "neither", True, True, _binned, lambda items, entropy: math.log2(items),
    ),
}  # fmt: skip
