"""Who counts as alike: nearest neighbours by sampled codes, and what they have in common."""

import numpy as np
import xarray as xr

from distill.errors import InvalidValue
from distill.measures.codes import sampled_codes

__all__ = ["agreement", "distances", "nearest"]

NEAREST = 8
LEVEL = 1.645  # standard errors to either side: a 90 % interval
TIES = 12  # the purpose of this random stream


def distances(run: xr.Dataset, beta: int) -> np.ndarray:
    """Squared distances of the stored items' codes at β number `beta`, in units of the code's noise: (point, point).

    d²_ij = Σ_k (z_ik − z_jk)² / σ̄²_k, with σ̄²_k the mean over items of the encoder's variance of dimension k: how far
    two codes lie apart, measured by how far one item's own codes do. A dimension that says nothing has the noise of
    the marginal, and adds little but chance; one that says much has little noise, and counts for much. Sampled codes,
    draw 0 (those of the maps), never means, which are not compressed. Of a code without noise, and of symbols, the
    plain distance, each dimension divided by its deviation over items.
    """
    codes, unit = sampled_codes(run)[beta], _noise(run)[beta]
    if not unit.all():
        unit = codes.var(0)
    codes = (codes - codes.mean(0)) / np.sqrt(np.where(unit > 0, unit, 1.0))
    length = (codes**2).sum(1)
    return np.maximum(length[:, None] + length - 2 * codes @ codes.T, 0.0)


def nearest(run: xr.Dataset, beta: int, count: int = NEAREST) -> np.ndarray:
    """The `count` nearest other stored items of each, the nearest first: (point, count) places among the stored.

    By `distances` at β number `beta`. Equal distances (symbols have many) are put in an order drawn once.

    Raises:
        InvalidValue: for a count that the run does not have other items for.
    """
    points = run.sizes["point"]
    if not 1 <= count < points:
        raise InvalidValue(f"count must be from 1 to {points - 1}, the run's other stored items; got {count}")
    drawn = np.random.default_rng(TIES).permutation(points)
    apart = distances(run, beta).round(9)
    np.fill_diagonal(apart, np.inf)
    return drawn[np.argsort(apart[:, drawn], axis=1, kind="stable")[:, :count]]


def agreement(run: xr.Dataset, count: int = NEAREST) -> xr.Dataset:
    """Which things the neighbours of an item have in common with it: dims (factor, beta).

    share: of the `count` nearest, the share that has the item's own value of the factor, mean over the stored test
    items; low and high: 1.645 standard errors of that mean to either side, over items. chance (factor): what others
    picked blindly have, Σ_v n_v (n_v − 1) / (N (N − 1)). nearest (beta, point, neighbour): who they are.

    Raises:
        InvalidValue: as `nearest`.
    """
    values = run.factors.transpose("point", "factor").values
    found = np.stack([nearest(run, beta, count) for beta in range(run.sizes["beta"])])
    same = np.stack([(values[near] == values[:, None]).mean(1) for near in found], axis=-1)  # (point, factor, beta)
    share, error = same.mean(0), same.std(0) / np.sqrt(len(same))
    over, about = ("factor", "beta"), {"units": "1"}
    unit = "in units of their noise" if _noise(run).all() else "each dimension in units of its deviation"
    how = {"estimator": f"{count} nearest of {len(values)} stored test items by sampled codes, {unit}", "unit": unit}
    named = {"long_name": "share of neighbours with the same value"}
    return xr.Dataset(
        {
            "share": (over, share, about | named | how),
            "low": (over, (share - LEVEL * error).clip(0, 1), about | {"long_name": "1.645 standard errors below"}),
            "high": (over, (share + LEVEL * error).clip(0, 1), about | {"long_name": "1.645 standard errors above"}),
            "nearest": (("beta", "point", "neighbour"), found, about | {"long_name": "place among the stored"}),
            "chance": ("factor", [_chance(each) for each in values.T], about | {"long_name": "share among all others"}),
        },
        coords={"factor": [str(name) for name in run.factor.values], "beta": run.beta},
    )


def _noise(run: xr.Dataset) -> np.ndarray:
    """σ̄²_k, the mean over items of the encoder's variance, (beta, latent); 0 of symbols, which have no scale."""
    scale = run.code_scale.isel(code_step=-1).transpose("beta", "point", "latent").values.astype(np.float64)
    return (scale**2).mean(1) * (run.attrs.get("code") != "categorical")


def _chance(values: np.ndarray) -> float:
    counts = np.unique(values, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(values) * (len(values) - 1)))
