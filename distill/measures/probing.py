"""How many bits of a named factor a probe finds in the codes: V-information, cross-fitted, with intervals."""

import warnings

import numpy as np
import xarray as xr

from distill.measures.codes import sampled_codes
from distill.measures.entropies import entropy_bits

__all__ = ["factors", "held_out_gain"]

FOLDS = 5
RESAMPLES = 200
WIDEST_NEWTON = 400
MOST_COLUMNS = 100
LEAST_PROBABILITY = 1e-12
PENALTIES = (1.0, 10.0, 100.0, 1000.0)  # raw inputs have far more columns than codes, and overfit where codes do not
SHUFFLING = 6  # keeps the stream that shuffles the label apart from those that a run is trained and measured with

BITS = {"units": "bits"}
INTERVAL = {"low": "5 % of bootstrap resamples", "high": "95 % of bootstrap resamples"}


def factors(run: xr.Dataset) -> xr.Dataset:
    """Bits of every factor that a logistic probe reads from sampled codes: dims (factor, beta).

    kept = H(s) − CE of held-out items (V-information; Xu et al. 2020), shown as 0 where it is negative; kept_low and
    kept_high span 90 % of 200 bootstrap resamples over items; share = kept / H(s); ceiling (factor) is what the same
    probe gets from the raw inputs. Cross-fitted in five folds within the stored test items, which the encoder never
    saw; one code an item, never its mean. A probe's figure is a lower bound in expectation, relative to its family.

    Reads what the run has stored, if it has; else fits the probes now.
    """
    if "factor_kept" not in run:
        run = run.assign(probe(run))
    return as_shares(run, "factor_kept", "factor_ceiling")


def as_shares(run: xr.Dataset, name: str, ceiling: str) -> xr.Dataset:
    """kept, kept_low, kept_high, share of H(s), ceiling and entropy, from the variables that a run has stored."""
    entropy = run.factor_entropy
    share = (run[name] / entropy.where(entropy > 0)).where(entropy > 0, 0.0)
    return xr.Dataset({
        "kept": run[name], "kept_low": run[f"{name}_low"], "kept_high": run[f"{name}_high"],
        "share": share.assign_attrs(units="1", long_name="share of the factor's bits kept"),
        "ceiling": run[ceiling], "entropy": entropy,
    })  # fmt: skip


def probe(run: xr.Dataset) -> xr.Dataset:
    """The variables factor_* that a run stores after its training."""
    codes, inputs = sampled_codes(run), run.inputs.transpose("point", "feature").values
    values = factor_values(run)
    kept = intervals(codes, values)
    ceiling = [_ceiling(inputs, value) for value in values]
    entropy = [entropy_bits(each) for each in values]
    return xr.Dataset(
        named("factor_kept", ("factor", "beta"), kept, "bits of the factor kept", how("logistic probe", len(inputs)))
        | {
            "factor_entropy": ("factor", entropy, BITS | {"long_name": "H(factor)"}),
            "factor_ceiling": ("factor", ceiling, BITS | {"long_name": "bits the same probe finds in the raw inputs"}),
        },
        coords={"factor": names_of(run), "beta": run.beta},
    )


def names_of(run: xr.Dataset) -> list[str]:
    """The factors of a run."""
    return [str(name) for name in run.factor.values]


def factor_values(run: xr.Dataset) -> np.ndarray:
    """(factor, point): the value of every factor of the stored items."""
    return run.factors.transpose("factor", "point").values


def shuffled_label(run: xr.Dataset) -> np.ndarray:
    """(point,) the labels of the stored items dealt out anew: as many of each, and nothing in common with the items."""
    return np.random.default_rng((0, SHUFFLING)).permutation(run.label.values)


def intervals(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(factors, S, 3) bits that a logistic probe finds in codes (S, N, K) of values (factors, N): mean, low, high."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # the matrices are small: a second BLAS thread makes them ten times slower
    with threadpool_limits(1), warnings.catch_warnings():
        # where Newton's steps lead nowhere, as for a code in which one item differs, it goes on with others by itself
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.array([[interval(held_out_gain(each, value)) for each in codes] for value in values])


def how(family: str, items: int) -> str:
    """The estimator in words."""
    return f"{family}, {FOLDS}-fold cross-fitted on {items} test items, one sampled code an item"


def named(name: str, dims: tuple[str, ...], kept: np.ndarray, words: str, estimator: str) -> dict[str, tuple]:
    """Three variables from (…, 3): `name` and the ends of its interval."""
    ends = {
        f"{name}_{end}": (dims, kept[..., i + 1], BITS | {"long_name": INTERVAL[end]}) for i, end in enumerate(INTERVAL)
    }
    return {name: (dims, kept[..., 0], BITS | {"long_name": words, "estimator": estimator})} | ends


def fold_of(items: int, folds: int = FOLDS) -> np.ndarray:
    """(items,) the fold in which each item is held out; the same for every probe."""
    from sklearn.model_selection import KFold

    found = np.empty(items, np.int64)
    for fold, (_, test) in enumerate(KFold(folds, shuffle=True, random_state=0).split(np.empty((items, 1)))):
        found[test] = fold
    return found


def held_out_gain(codes: np.ndarray, factor: np.ndarray, folds: int = FOLDS, penalty: float = 1.0) -> np.ndarray:
    """log2 q(s_i|z_i) − log2 p(s_i) of every item (N,), q a logistic probe of codes (N, K) fitted without its fold.

    Its mean is H(s) − CE, in bits. Inputs are standardised within each fold's training items; `penalty` is that of L2.
    A value that n training items never showed has the probability 1 / (n + 1).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values, inverse, counts = np.unique(factor, return_inverse=True, return_counts=True)
    if len(values) < 2:
        return np.zeros(len(factor))
    # Newton steps are a fifth of the time while the Hessian is small, as it is for codes
    solver = "newton-cholesky" if codes.shape[1] * len(values) <= WIDEST_NEWTON else "lbfgs"
    log_q, place = np.zeros(len(factor)), fold_of(len(factor), folds)
    for fold in range(folds):
        train, test = np.flatnonzero(place != fold), np.flatnonzero(place == fold)
        seen = np.unique(inverse[train])
        unseen = 1 / (len(train) + 1)  # of each value the fold never showed: certainty against it is not to be had
        held = np.full((len(test), len(values)), unseen)
        shares = 1 - unseen * (len(values) - len(seen))
        if len(seen) == 1:  # nothing to tell apart, which scikit-learn refuses
            held[:, seen] = shares
        else:
            logistic = LogisticRegression(C=1 / penalty, max_iter=300, tol=1e-3, solver=solver)
            model = make_pipeline(StandardScaler(), logistic).fit(codes[train], inverse[train])
            held[:, seen] = shares * model.predict_proba(codes[test])
        log_q[test] = np.log(held[np.arange(len(test)), inverse[test]].clip(LEAST_PROBABILITY))
    return (log_q - np.log(counts / counts.sum())[inverse]) / np.log(2)


def interval(gain: np.ndarray) -> tuple[float, float, float]:
    """Mean and 90 % bootstrap interval over items; below 0 is 0, for a probe that hurts carries no information."""
    picks = np.random.default_rng(0).integers(0, len(gain), (RESAMPLES, len(gain)))
    low, high = np.quantile(gain[picks].mean(1), [0.05, 0.95])
    return max(0.0, float(gain.mean())), max(0.0, float(low)), max(0.0, float(high))


def _ceiling(inputs: np.ndarray, factor: np.ndarray) -> float:
    """Bits that the probe finds in the raw inputs, under the penalty that suits their number of columns best.

    Of inputs with more than 100 columns it sees the first 100 principal components.
    """
    if inputs.shape[1] > MOST_COLUMNS:
        left, spread, _ = np.linalg.svd(inputs - inputs.mean(0), full_matrices=False)
        inputs = left[:, :MOST_COLUMNS] * spread[:MOST_COLUMNS]
    return max(0.0, *(float(held_out_gain(inputs, factor, penalty=each).mean()) for each in PENALTIES))
