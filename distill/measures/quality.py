"""Measures of a code that need no reference: no label, no factor and no original is asked."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from distill.measures.codes import sampled_codes
from distill.measures.entropies import entropy_of_shares

__all__ = [
    "effective_rank", "kl_by_dimension", "participation_ratio", "rank_me", "reference_free", "spectral_slope",
    "sphere_floor", "uniformity",
]  # fmt: skip

SMALLEST_SHARE = 1e-7
LEAST_VARIANCE, LEAST_NATS = 0.01, 0.01
FEWEST_FOR_SLOPE = 50
TERMS = 60  # of a series whose terms fall as 4ᵐ / (m!)²
NO_NOISE = "a code without noise has no rate"
SYMBOLS = "a code of symbols is one-hot: its dimensions have no lengths and no angles"


def reference_free(run: xr.Dataset) -> xr.Dataset:
    """Measures (beta) of the last codes of the stored test items, first seed; the attribute `estimator` says of what.

    rank_me, effective_rank, participation_ratio, uniformity and spectral_slope as the functions of these names give
    them for one sampled code an item; rank_me_share of K; uniformity_share of `sphere_floor`: 1 for codes spread evenly
    over the sphere, 0 for one point. unused_rate = rate − I(X;Z) in bits, as the run measured both on test items: the
    KL(q(z) ‖ r(z)) of a rate that is a KL to one marginal r, else how loose the objective's bound is.
    active_by_mean and active_by_rate count dimensions with Var_x μ_k > 0.01 (Burda, Grosse & Salakhutdinov 2016) and
    with KL_k > 0.01 nat; the two need not agree.

    What a run cannot have is NaN, and its attribute `reason` says why. None of these measures relevance: items dealt
    other labels change none of them. Nor is high good: codes that have collapsed to the noise of the marginal N(0, I)
    have the highest rank and the best uniformity of all.
    """
    codes, kind = sampled_codes(run), run.attrs.get("code", "gaussian")
    latents, floor = codes.shape[-1], sphere_floor(codes.shape[-1])
    symbols, silent = (SYMBOLS if kind == "categorical" else ""), (NO_NOISE if kind == "noiseless" else "")
    few = "" if latents >= FEWEST_FOR_SLOPE else f"a slope over {latents} eigenvalues means little: it takes 50"
    one, rates = "one sampled code an item", "rate and I(X;Z) of the run's test items"

    def of(measure: Callable[[np.ndarray], float]) -> np.ndarray:
        return np.array([measure(each) for each in codes])

    found = {
        "rank_me": (of(rank_me), "RankMe", one, symbols),
        "rank_me_share": (of(rank_me) / latents, "RankMe, share of K", one, symbols),
        "effective_rank": (of(effective_rank), "effective rank, from eigenvalues", one, symbols),
        "participation_ratio": (of(participation_ratio), "participation ratio", one, symbols),
        "uniformity": (of(uniformity), "uniformity", one, symbols),
        "uniformity_share": (of(uniformity) / floor, "uniformity, share of its floor", one, symbols),
        "spectral_slope": (of(spectral_slope), "α-ReQ", one, symbols or few),
        "unused_rate": (_unused_rate(run), "unused rate", rates, symbols or silent),
        "active_by_mean": (_active_by_mean(run), "active dimensions, Var μ > 0.01", "means of codes", symbols),
        "active_by_rate": (_active_by_rate(run), "active dimensions, KL > 0.01 nat", "q(z|x)", symbols or silent),
    }
    units = {"unused_rate": "bits"}
    arrays = {
        name: ("beta", np.where(bool(reason), np.nan, values),
               {"units": units.get(name, "1"), "long_name": words, "estimator": how, "reason": reason})
        for name, (values, words, how, reason) in found.items()
    }  # fmt: skip
    about = {"uniformity_floor": floor, "latent_dim": latents, "items": codes.shape[1]}
    return xr.Dataset(arrays, coords={"beta": run.beta}).assign_attrs(about)


def kl_by_dimension(run: xr.Dataset) -> xr.DataArray:
    """E_x KL(q(z_k|x) ‖ N(0, 1)) of every latent dimension, bits, (beta, latent), of the stored test items.

    ½ (μ² + σ² − 1 − ln σ²) (Kingma & Welling 2014, app. B). Summed it is the rate under a standard normal marginal, not
    I(X;Z). From codes as they are stored, in float16. NaN, with the attribute `reason`, for a code without noise, and
    for symbols.
    """
    mean, scale = _stored(run)
    reason = {"categorical": SYMBOLS, "noiseless": NO_NOISE}.get(run.attrs.get("code"), "")
    if reason:
        bits = np.full((mean.shape[0], mean.shape[2]), np.nan)
    else:
        bits = (0.5 * (mean**2 + scale**2 - 1) - np.log(scale)).mean(1) / np.log(2)
    about = {"units": "bits", "long_name": "KL to the standard normal", "reason": reason}
    about["estimator"] = f"mean over {mean.shape[1]} stored test items"
    return xr.DataArray(bits, {"beta": run.beta, "latent": run.latent}, ("beta", "latent"), attrs=about)


def rank_me(codes: np.ndarray) -> float:
    """exp(−Σ p ln p), p = σ_k / Σ σ + 1e-7, of the singular values of codes (N, K), not centred; 1 to K.

    RankMe (Garrido et al. 2023). NaN where all codes are 0.
    """
    spread = _singular_values(codes)
    shares = spread / spread.sum() + SMALLEST_SHARE if spread.sum() > 0 else np.full_like(spread, np.nan)
    return float(np.exp(-(shares * np.log(shares)).sum()))


def effective_rank(codes: np.ndarray) -> float:
    """exp of the entropy of the eigenvalues λ = σ² of Zᵀ Z as shares: as RankMe, lower where few dimensions lead."""
    eigenvalues = _singular_values(codes) ** 2
    return float(2 ** entropy_of_shares(eigenvalues / eigenvalues.sum())) if eigenvalues.sum() > 0 else float("nan")


def participation_ratio(codes: np.ndarray) -> float:
    """(Σ λ)² / Σ λ² of the eigenvalues λ of Zᵀ Z; 1 to K."""
    eigenvalues = _singular_values(codes) ** 2
    return float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum()) if eigenvalues.sum() > 0 else float("nan")


def spectral_slope(codes: np.ndarray) -> float:
    """−slope of ln λ_i over ln i, i from 1, by least squares (α-ReQ: Agrawal et al. 2022); NaN for K below 50."""
    eigenvalues = _singular_values(codes) ** 2
    if codes.shape[1] < FEWEST_FOR_SLOPE or not (eigenvalues > 0).all():
        return float("nan")
    return float(-np.polyfit(np.log(np.arange(1, len(eigenvalues) + 1)), np.log(eigenvalues), 1)[0])


def uniformity(codes: np.ndarray) -> float:
    """ln E exp(−2 ‖u − v‖²) over pairs of different items' codes (N, K) scaled to length 1 (Wang & Isola 2020, §4.1).

    0 where all point the same way; `sphere_floor(K)` for codes spread evenly over the sphere, which no large set is
    below by more than chance. NaN where a code is 0, and for one item.
    """
    lengths = np.linalg.norm(codes, axis=1, keepdims=True)
    if len(codes) < 2 or not (lengths > 0).all():
        return float("nan")
    cosines = (codes / lengths) @ (codes / lengths).T
    pairs = np.exp(4 * (cosines[~np.eye(len(codes), dtype=bool)] - 1))
    return float(np.log(pairs.mean()))


def sphere_floor(dimensions: int) -> float:
    """Uniformity of codes spread evenly over the unit sphere in `dimensions`: ln e⁻⁴ ₀F₁(; d/2; 4).

    ₀F₁(; a; 4) = Σ_m 4ᵐ / (m! a (a + 1) … (a + m − 1)) is E e^{4 u·v} for independent even u and v.
    """
    m = np.arange(TERMS)
    terms = np.cumprod(np.concatenate([[1.0], 4 / ((m + 1) * (dimensions / 2 + m))]))
    return float(np.log(terms.sum()) - 4)


def _singular_values(codes: np.ndarray) -> np.ndarray:
    return np.linalg.svd(codes, compute_uv=False)


def _stored(run: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale of the last stored codes, (beta, point, latent) each, float64."""
    last = run.isel(code_step=-1)
    mean, scale = (last[name].transpose("beta", "point", "latent").values for name in ("code_mean", "code_scale"))
    return mean.astype(np.float64), scale.astype(np.float64)


def _unused_rate(run: xr.Dataset) -> np.ndarray:
    last = run.isel(step=-1).sel(split="test")
    rate, shared = ((each.isel(seed=0) if "seed" in each.dims else each) for each in (last.rate, last.information_x))
    return (rate - shared).values


def _active_by_mean(run: xr.Dataset) -> np.ndarray:
    return (_stored(run)[0].var(1) > LEAST_VARIANCE).sum(-1).astype(np.float64)


def _active_by_rate(run: xr.Dataset) -> np.ndarray:
    return (kl_by_dimension(run).values * np.log(2) > LEAST_NATS).sum(-1).astype(np.float64)
