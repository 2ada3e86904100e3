"""What is given up, and when: the shares that probes find along β, their half points, and what of it the task needs."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from distill.errors import InvalidValue, unknown
from distill.measures.entropies import entropy_bits
from distill.measures.probing import as_shares
from distill.measures.quantised import bits_of_items
from distill.measures.tasks import task_weights

__all__ = ["PROBES", "at_equal_bits", "half_points", "noise_control", "relevance", "retained", "selection"]

PROBES = {"logistic": "logistic probe", "mlp": "MLP probe", "pca": "PCA and a quantiser, logistic probe"}
NAMES = {
    "logistic": ("factor_kept", "factor_ceiling"),
    "mlp": ("factor_kept_mlp", "factor_ceiling_mlp"),
    "pca": ("pca_kept", "factor_ceiling"),
}
HALF = 0.5
RANKED, NEVER, ALWAYS = "ranked", "never above half", "above half to the end"
SHUFFLES, CONFIDENCE = 200, 0.95
RELATED = 0.05  # of H(s): a factor of which the label tells less is superficial, though it be no accident
NO_BITS = "a code without noise has no I(X;Z), so nothing can be laid beside it at equal bits"
NO_NUISANCE = "every factor of this run has to do with its label, so there is none whose keeping would be leakage"


def retained(run: xr.Dataset, probe: str = "logistic") -> xr.Dataset:
    """Bits of every factor found in sampled codes, dims (factor, beta): kept, kept_low, kept_high, share.

    share = kept / H(s); the ends are those of a 90 % interval over items; entropy (factor) is H(s); ceiling (factor) is
    what the probe gets from the raw inputs, the logistic one cross-fitted on the same few items, the MLP fitted to the
    training items, as the encoders were. `probe` "logistic" and "mlp" are V-information of two families (Xu et al.
    2020): what such a probe can use, and no bound on another's. "pca" is no probe but the control: what the logistic
    one finds where principal components and a quantiser have taken the place of the code, at as many bits
    (`distill.measures.quantised`); it is NaN for a code without noise.

    Raises:
        UnknownName: for a probe that is none of these.
        InvalidValue: where the run has none of its figures: they are made when its training ends.
    """
    if probe not in PROBES:
        raise unknown("probe", probe, PROBES)
    name, ceiling = NAMES[probe]
    if name not in run:
        raise InvalidValue(
            f"this run has no figures of the {PROBES[probe]}: they are made when a training ends; train it anew"
        )
    return as_shares(run, name, ceiling)


def noise_control(run: xr.Dataset, probe: str = "logistic") -> xr.Dataset:
    """kept, kept_low, kept_high (beta), bits, that a probe finds of a shuffled copy of the label: nothing is there.

    `entropy` is the label's. Raises as `retained` does.
    """
    if probe not in PROBES or probe == "pca":
        raise unknown("probe", probe, [each for each in PROBES if each != "pca"])
    if "noise_kept" not in run:
        raise InvalidValue("this run has no control of pure noise: it is made when a training ends; train it anew")
    found = {end: run[f"noise_{end}"].sel(probe=probe, drop=True) for end in ("kept", "kept_low", "kept_high")}
    return xr.Dataset(found | {"entropy": entropy_bits(run.label.values)})


class Crossing(NamedTuple):
    """Where a curve over the strengths is last above half, as a place along them; NaN where it is not so simple."""

    place: float
    status: str


def half_points(run: xr.Dataset, probe: str = "logistic") -> xr.Dataset:
    """The strength at which each factor drops below half of its bits, and the order in which they are given up.

    Dims (factor). `beta` is the strongest β up to which the share is at least half: between the last value of the grid
    where it is and the next, where the line through both, over log β, crosses half. Over β itself where β = 0 is one of
    the two and where the knob falls (bits allowed). So a dip below half that is made good later, as noise makes them,
    does not count; `beta_first` is the first such dip. `beta_low` and `beta_high` are the same of the
    ends of the 90 % intervals, the weaker strength first; an end of the grid where they never cross.

    `status` is "ranked", "never above half" or "above half to the end"; β is NaN for the latter two, and so is an end
    that would be beyond what was trained. `order` counts from 1, given up first, to the last ranked; factors above
    half to the end share the place after it, and 0 is never above half. `place` is β as a place along the grid, in
    steps of it. Raises as `retained` does, and InvalidValue for the control of a code without noise.
    """
    found = retained(run, probe)
    if found.kept.isnull().any():
        raise InvalidValue(NO_BITS)
    entropy = found.entropy.where(found.entropy > 0)
    values = {end: (found[f"kept{end}"] / entropy).transpose("factor", "beta").values for end in ("", "_low", "_high")}
    rows = [_half_point(*curves, run.beta.values) for curves in zip(*values.values(), strict=True)]
    names = ("place", "beta", "beta_first", "beta_low", "beta_high", "status")
    columns = {name: ("factor", np.array([row[name] for row in rows])) for name in names}
    places = np.where(columns["status"][1] == ALWAYS, np.inf, columns["place"][1])
    order = [0 if np.isnan(place) else 1 + int((places < place).sum()) for place in places]
    about = {"units": run.beta.attrs.get("units", "1"), "estimator": f"{PROBES[probe]}, last above half of H(s)"}
    result = xr.Dataset(columns | {"order": ("factor", order)}, coords={"factor": found.factor})
    result["beta"].attrs = about | {"long_name": "strength at which half of the bits are given up"}
    return result


def _half_point(share: np.ndarray, low: np.ndarray, high: np.ndarray, betas: np.ndarray) -> dict[str, float | str]:
    place, status = _last_above(share)
    weak, strong = _last_above(low), _last_above(high)
    ranked = status == RANKED
    above = np.flatnonzero(share >= HALF)
    first = _last_above(share[: _first_below(share) + 1]).place if len(above) else np.nan
    return {
        "place": place, "status": status, "beta": _strength(place, betas), "beta_first": _strength(first, betas),
        "beta_low": betas[0] if ranked and weak.status == NEVER else _strength(weak.place, betas),
        "beta_high": betas[-1] if ranked and strong.status == ALWAYS else _strength(strong.place, betas),
    }  # fmt: skip


def _last_above(share: np.ndarray) -> Crossing:
    """The last place at which a share over the strengths is at least half, by the line to its next value."""
    above = np.flatnonzero(share >= HALF)
    if not len(above):
        return Crossing(np.nan, NEVER)
    last = int(above[-1])
    if last == len(share) - 1:
        return Crossing(np.nan, ALWAYS)
    return Crossing(last + float((share[last] - HALF) / (share[last] - share[last + 1])), RANKED)


def _first_below(share: np.ndarray) -> int:
    """Index of the first value below half that follows one above it; the last where there is none."""
    above = np.flatnonzero(share >= HALF)
    below = np.flatnonzero(share[above[0] :] < HALF)
    return int(above[0] + below[0]) if len(below) else len(share) - 1


def _strength(place: float, betas: np.ndarray) -> float:
    """β at a place along the grid."""
    if np.isnan(place):
        return np.nan
    index = min(int(place), len(betas) - 2)
    left, right, part = betas[index], betas[index + 1], place - index
    if left <= 0 or right <= 0 or betas[0] > betas[-1]:
        return float(left + part * (right - left))
    return float(left * (right / left) ** part)


def relevance(run: xr.Dataset) -> xr.Dataset:
    """What each factor has to do with the label: ω = I(s;Y) of the stored items, plug-in, bits, dims (factor).

    `bias` is what the plug-in gives on average where there is nothing, (|S|−1)(|Y|−1) / (2 N ln 2) bits (Miller 1955);
    `accident` is what 95 % of 200 shufflings stay below. `nuisance` marks factors with ω ≈ 0: no more than
    that, or less than 5 % of H(s) above the bias. `asked` marks the factors that Y consists of. One factor at a time:
    those that matter only together, as in an exclusive or, read as nuisances.
    """
    label = run.label.values
    rows = [_relation(each, label) for each in run.factors.transpose("factor", "point").values]
    omega, bias, accident, entropy = map(np.array, zip(*rows, strict=True))
    nuisance = (omega <= accident) | (omega - bias < RELATED * entropy)
    weights = task_weights(run)
    asked = np.array([str(name) in weights for name in run.factor.values])
    about = {"units": "bits", "long_name": "I(s;Y)", "estimator": f"plug-in on {len(label)} stored test items"}
    return xr.Dataset(
        {
            "omega": ("factor", omega, about),
            "bias": ("factor", bias, {"units": "bits", "long_name": "what the plug-in gives where there is nothing"}),
            "accident": ("factor", accident, {"units": "bits", "long_name": "95 % of shufflings stay below"}),
            "nuisance": ("factor", nuisance & ~asked),
            "asked": ("factor", asked),
        },
        coords={"factor": run.factor},
    )


def _relation(factor: np.ndarray, label: np.ndarray) -> tuple[float, float, float, float]:
    """I(s;Y), its bias, what shuffling stays below, and H(s); bits."""
    values, of_factor = np.unique(factor, return_inverse=True)
    labels, of_label = np.unique(label, return_inverse=True)
    rng, own, total = np.random.default_rng(0), entropy_bits(factor), entropy_bits(label)

    def shared(order: np.ndarray) -> float:
        return own + total - entropy_bits(of_factor[order] * len(labels) + of_label)

    bias = (len(values) - 1) * (len(labels) - 1) / (2 * len(label) * np.log(2))
    accidents = [shared(rng.permutation(len(label))) for _ in range(SHUFFLES)]
    return max(0.0, shared(np.arange(len(label)))), bias, float(np.quantile(accidents, CONFIDENCE)), own


def selection(run: xr.Dataset, probe: str = "logistic") -> xr.Dataset:
    """How well a code tells what matters from what does not, dims (beta); these three definitions are this program's.

    κ_s = kept_s / H(s), within 0 and 1; ω_s as in `relevance`.
    preservation = Σ ω_s κ_s / Σ ω_s over factors that have to do with Y;
    leakage = mean κ_s over the nuisances, ω ≈ 0; selectivity = preservation − leakage, from −1 to 1.
    Where no factor is a nuisance, leakage and selectivity are NaN and the attribute `reason` says so. Attributes
    `relevant` and `nuisances` name the factors. Raises as `retained` does.
    """
    found, weight = retained(run, probe), relevance(run)
    share = found.share.clip(0, 1).transpose("factor", "beta")
    omega = weight.omega.where(~weight.nuisance & (found.entropy > 0), 0.0)
    idle = weight.nuisance & (found.entropy > 0)
    whole = float(omega.sum())
    preservation = (
        (share * omega).sum("factor", skipna=False) / whole if whole else share.isel(factor=0, drop=True) * np.nan
    )
    leakage = share.where(idle, drop=True).mean("factor", skipna=False) if bool(idle.any()) else preservation * np.nan
    parts = {"preservation": preservation, "leakage": leakage, "selectivity": preservation - leakage}
    names = {key: [str(each) for each in run.factor.values[mask.values]] for key, mask in
             {"relevant": omega > 0, "nuisances": idle}.items()}  # fmt: skip
    words = {"preservation": "semantic preservation", "leakage": "nuisance leakage", "selectivity": "selectivity"}
    for name, array in parts.items():
        array.attrs = {"units": "1", "long_name": words[name], "estimator": f"our own definition, {PROBES[probe]}"}
    return xr.Dataset(parts).assign_attrs(names | {"reason": "" if names["nuisances"] else NO_NUISANCE})


def at_equal_bits(run: xr.Dataset, other: xr.Dataset, probe: str = "logistic") -> xr.Dataset:
    """What another run of the same items keeps at as many bits, over the β of `run`, dims (factor, beta).

    kept, kept_low, kept_high and share, of the factors of `run`; `other` may have more.

    Between its strengths the other's bits kept are interpolated over its I(X;Z) on the stored items; NaN where it
    has no code of so many bits. `bits` (beta) is I(X;Z) of `run`. Within a bit of log2 N both are saturated.

    Raises:
        InvalidValue: where the runs have stored other items or other factors, and where one has no I(X;Z).
    """
    if not np.array_equal(run.point.values, other.point.values) or set(run.factor.values) - set(other.factor.values):
        raise InvalidValue("two runs can be laid side by side where they have stored the same items and factors")
    wanted, bits, found = bits_of_items(run), bits_of_items(other), retained(other, probe)
    if np.isnan(wanted).any() or np.isnan(bits).any():
        raise InvalidValue(NO_BITS)
    order = np.argsort(bits)
    found = found.sel(factor=run.factor).transpose("factor", "beta")
    kept, low, high = (
        np.stack([np.interp(wanted, bits[order], row[order], left=np.nan, right=np.nan) for row in found[name].values])
        for name in ("kept", "kept_low", "kept_high")
    )
    over, entropy = ("factor", "beta"), found.entropy.values[:, None]
    return xr.Dataset(
        {
            "kept": (over, kept, found.kept.attrs),
            "kept_low": (over, low),
            "kept_high": (over, high),
            "share": (over, np.divide(kept, entropy, out=0 * kept, where=entropy > 0), {"units": "1"}),
            "bits": ("beta", wanted, {"units": "bits", "long_name": "I(X;Z)"}),
        },
        coords={"factor": run.factor, "beta": run.beta},
    )
