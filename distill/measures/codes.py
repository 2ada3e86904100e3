"""Sampled codes of a run: what every map, probe and picture is made from, since means are not compressed."""

import json

import numpy as np
import xarray as xr

__all__ = ["evaluation_noise", "sampled_codes"]

LEAST_PROBABILITY = 1e-7
STREAM = 4  # keeps this stream apart from those that training draws from


def evaluation_noise(seed: int, draws: int, points: int, latent_dim: int) -> np.ndarray:
    """The fixed noise with which a run is measured, (draws, points, latent_dim), standard normal.

    Fixed, so that motion on the plane is learning and not noise. The noise of an item depends neither on how many
    draws nor on how many items are asked for.
    """
    return np.stack(
        [np.random.default_rng((seed, STREAM, i)).standard_normal((points, latent_dim)) for i in range(draws)]
    )


def sampled_codes(run: xr.Dataset, code_step: int = -1, draw: int = 0) -> np.ndarray:
    """One sampled code of every stored item at every β, z = μ + σ ε: (beta, point, latent), float64.

    Of a categorical code, a symbol drawn by the Gumbel-max trick from its probabilities, as a one-hot row.

    Draw 0 is the very code that the maps and the kept pictures show.
    """
    codes = run.isel(code_step=code_step)
    mean, scale = (
        codes[name].transpose("beta", "point", "latent").values.astype(np.float64)
        for name in ("code_mean", "code_scale")
    )
    seed = json.loads(run.attrs["config"])["seed"]
    noise = evaluation_noise(seed, draw + 1, *mean.shape[1:])[draw]
    return _symbols(mean, noise) if run.attrs.get("code") == "categorical" else mean + scale * noise


def _symbols(probabilities: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """As distill.networks.symbols, without torch."""
    from scipy.special import ndtr

    uniform = ndtr(noise).clip(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    scores = np.log(probabilities.clip(LEAST_PROBABILITY)) - np.log(-np.log(uniform))
    return np.eye(scores.shape[-1])[scores.argmax(-1)]
