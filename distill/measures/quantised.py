"""A control that knows no task: principal components and a uniform quantiser, at as many bits as a run's code has."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from distill.measures.entropies import entropy_of_rows
from distill.measures.estimators import estimates
from distill.measures.probing import factor_values, how, intervals, named, names_of
from distill.measures.symbols import symbol_information

__all__ = ["bits_of_items", "quantised_to"]

HALVINGS = 30
FINEST = 2.0**-20  # of the largest coordinate


def control(run: xr.Dataset, train: np.ndarray) -> xr.Dataset:
    """The variables pca_kept, pca_kept_low, pca_kept_high (factor, beta) and pca_bits (beta) that a run stores.

    The first K principal components of the training items `train` (n, D), K the run's latent dimensions, rounded by one
    step for all of them. At each β the step makes the entropy of the rounded rows of the stored test items that of
    I(X;Z) there: both are exact on these N items, and neither can pass log2 N. A rounded row is a function of its item,
    so its entropy is its information. The logistic probe then reads each row as it reads the code.

    One step for all components is what the squared error asks for at a given rate: a component whose deviation is small
    beside the step falls into one cell (reverse water-filling: Cover & Thomas 2006, §10.3.3). So at equal bits it keeps
    what pictures vary most in, whatever the task. A cell is centred on the training items' mean, as suits components
    that gather there; two heaps on either side of it are told apart a little later than they could be.

    pca_bits is what was reached: less than I(X;Z) where K components cannot tell as many items apart, and NaN, with all
    of pca_kept, where the code has no noise and so no I(X;Z). Within a bit of log2 N both are saturated, and then they
    are equal in that alone.
    """
    target = bits_of_items(run)
    axes = principal(train, run.sizes["latent"])
    coordinates = axes(run.inputs.transpose("point", "feature").values)
    if np.isnan(target).any():
        kept, reached = np.full((run.sizes["factor"], len(target), 3), np.nan), np.full(len(target), np.nan)
    else:
        cells, reached = zip(*(quantised_to(coordinates, each) for each in target), strict=True)
        kept = intervals(np.stack(cells).astype(np.float64), factor_values(run))
    components = coordinates.shape[1]
    words = f"{components} principal components of {len(train)} training items, one uniform step"
    said = {"units": "bits", "long_name": "entropy of the quantised components", "estimator": f"plug-in, {words}"}
    estimator = f"{how('logistic probe', len(coordinates))}; {words}"
    return xr.Dataset(
        named("pca_kept", ("factor", "beta"), kept, "bits of the factor kept by PCA and a quantiser", estimator)
        | {"pca_bits": ("beta", np.array(reached), said)},
        coords={"factor": names_of(run), "beta": run.beta},
    )


def bits_of_items(run: xr.Dataset) -> np.ndarray:
    """(beta,) I(X;Z) of the stored test items at the last step, first seed, bits; NaN for a code without noise.

    The run's own figure where it was measured on the stored items; else from their codes, by the same estimator.
    """
    last = run.isel(step=-1).sel(split="test")
    own = (last.information_x.isel(seed=0) if "seed" in last.information_x.dims else last.information_x).values
    if run.attrs.get("code") == "noiseless":
        return np.full(len(own), np.nan)
    known = "joint" in run or "covariance_xy" in run
    if int(last.samples) == run.sizes["point"] and not known:
        return own.clip(0)
    if run.attrs.get("code") == "categorical":
        probabilities = run.code_mean.isel(code_step=-1).transpose("beta", "point", "latent").values.astype(float)
        items = run.sizes["point"]
        return symbol_information(probabilities, np.full((items, 1), 1 / items))[0].clip(0)
    return estimates(run, "mixture").information_x.values.clip(0)


def quantised_to(coordinates: np.ndarray, bits: float) -> tuple[np.ndarray, float]:
    """Coordinates (N, K) in cells of one width, whole numbers (N, K), whose rows have nearly this entropy; and which.

    The entropy is the plug-in of the N rows. It falls with the width in small jumps, one for each item that changes
    its cell, so that the nearest that halving the width finds is taken. All is one cell where `bits` is 0 or less, and
    the finest cells are taken where no width gives as many.
    """
    largest = float(np.abs(coordinates).max(initial=0.0))
    if bits <= 0 or largest == 0:
        return np.zeros(coordinates.shape, np.int64), 0.0

    def rounded(width: float) -> np.ndarray:
        return np.rint(coordinates / width).astype(np.int64)

    fine, coarse = FINEST * largest, 4 * largest
    for _ in range(HALVINGS):
        middle = (fine * coarse) ** 0.5
        fine, coarse = (middle, coarse) if entropy_of_rows(rounded(middle)) >= bits else (fine, middle)
    either = [(rounded(width), entropy_of_rows(rounded(width))) for width in (fine, coarse)]
    return min(either, key=lambda each: abs(each[1] - bits))


def principal(train: np.ndarray, most: int) -> Callable[[np.ndarray], np.ndarray]:
    """What gives the first `most` principal components (N, at most `most`) of inputs (N, D), as of `train` (n, D)."""
    from sklearn.decomposition import PCA

    fitted = PCA(min(most, *train.shape), random_state=0).fit(train.astype(np.float64))
    return lambda inputs: fitted.transform(inputs.astype(np.float64))
