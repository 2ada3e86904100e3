"""What the stored items of a run cost as a file of codes, β by β, and what of the label arrives."""

import numpy as np
import xarray as xr

from distill.coding import semantic
from distill.measures.deciding import has_label_decoder, mistaken

ABOUT = {
    "payload": ("bits", "bits an item in the file, its header left out", "the bytes that were written"),
    "cross_entropy": ("bits", "cross-entropy of the model an item", "mean −log2 P(q|v) of the factorised model"),
    "apart": ("bits", "Σ I(X;Z_k), the latent dimensions one by one", "mixtures, as stored by the run"),
    "information_x": ("bits", "I(X;Z)", "that of the plane, test split"),
    "rate": ("bits", "rate, the objective's upper bound on I(X;Z)", "that of the plane, test split"),
    "error": ("1", "error of the labels read from the file", "share of items, one dithered code"),
    "error_one": ("1", "error with one sampled code", "that of the plane, test split"),
}


def semantic_bits(run: xr.Dataset, seed: int = 0) -> xr.Dataset:
    """Every stored item written at every β: what a file of them takes an item, and why; dims (beta).

    `payload`: bits an item as written, the 32 bytes of header and checksum left out. `cross_entropy`: of the model that
    wrote them. `apart`: Σ I(X;Z_k). Cross-entropy less this is what the quantiser costs: its noise is uniform, for
    Gaussian means at most ½ log2(2πe/12) = .2546 bit a dimension (Zamir & Feder 1992), it is of one width for all items
    where the encoder's is not, and the model is that of other items; near log2 N bits a dimension `apart` is saturated.
    `information_x`: I(X;Z) of the codes together; `apart` less this is what a factorised model pays for what two
    dimensions say alike. `rate` and `error_one` as on the plane, and `error`, that of the labels read from the file.
    NaN where there is no such number (a rate of a code without noise, an error of a continuous Y). Attributes: `items`,
    `header_bytes` (the whole file has payload · items / 8 bytes more), `seed`, and `entropy_y`, H(Y) of the test items
    in bits (NaN of a continuous Y).

    Raises:
        InvalidValue: where the run has no codec.
    """
    means, betas = semantic.to_send(run), range(run.sizes["beta"])
    items, last = means.shape[1], run.isel(step=-1).sel(split="test")
    last = last.isel(seed=0) if "seed" in last.dims else last
    files = [semantic.encode(run, i, means[i], seed) for i in betas]
    payload = np.array([8 * (len(each) - semantic.HEADER_BYTES) / items for each in files])
    found = {
        "payload": payload,
        "cross_entropy": np.array([semantic.surprises(run, i, means[i], seed).mean() for i in betas]),
        "apart": run.codec_apart.values if "codec_apart" in run else np.full(len(payload), np.nan),
        "information_x": last.information_x.values,
        "rate": last.rate.values,
        "error": _errors(run, means, seed),
        "error_one": last.error_one.values,
    }
    about = {name: dict(zip(("units", "long_name", "estimator"), words, strict=True)) for name, words in ABOUT.items()}
    entropy = np.nan if "covariance_xy" in run else float(last.entropy_y)
    return xr.Dataset(
        {name: ("beta", values, about[name]) for name, values in found.items()},
        coords={"beta": run.beta},
        attrs={"items": items, "header_bytes": semantic.HEADER_BYTES, "seed": seed, "entropy_y": entropy},
    )


def _errors(run: xr.Dataset, means: np.ndarray, seed: int) -> np.ndarray:
    """(beta,) share of the stored items whose label is read wrongly from the codes as they arrive."""
    if not has_label_decoder(run) or "covariance_xy" in run:
        return np.full(len(means), np.nan)
    arrived = np.stack([semantic.arriving(run, i, each, seed) for i, each in enumerate(means)])
    return mistaken(run, arrived).mean(-1)
