"""Two jointly Gaussian vectors with chosen canonical correlations: the exact curve is known in closed form."""

from collections.abc import Sequence
from numbers import Real

import numpy as np

from distill.config import log_betas
from distill.datasets import DataSet, Gaussian, split, standardised
from distill.datasets._joints import checked_items
from distill.errors import InvalidValue

TITLE = "Gaussian"
FACTORS = ("Y, direction 1", "X, direction 1", "X, direction 2")  # the label first
DEFAULTS = {"hidden": (), "latent_dim": 2, "epochs": 60, "betas": log_betas(0.01, 1, 33)[1:]}  # a linear encoder: exact
MOST_DIRECTIONS = 8
TURN, MIX = 6, 31  # seeds of rotations that bring no direction near an axis in a few dimensions
QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")
CUTS = (-0.6744897501960817, 0.0, 0.6744897501960817)  # quartiles of the standard normal


def make(rho: Sequence[float] = (0.9, 0.6), items: int = 5000) -> DataSet:
    """X and Y of len(rho) dimensions each, jointly Gaussian, canonical correlations `rho`; independent draws.

    X has the covariance of white noise, and its canonical directions are turned away from the axes; Y is mixed, so
    that its covariance is full. `target` is Y. The label says in which quarter Y's first canonical variable lies, the
    factors the same of X's. `known` are the covariances of the distribution (not of the sample), of `inputs` as they
    are standardised and of `target`: I(X;Y) = −½ Σ log2(1 − ρ²).

    Args:
        rho: 1 to 8 numbers above 0 and below 1; sorted from strong to weak.
        items: of both splits, 500 … 200 000; a fifth is for testing.

    Raises:
        InvalidValue: for other correlations or another number of items.
    """
    strength, items = _checked(rho), checked_items(items)
    rng, n = np.random.default_rng(0), len(strength)
    turn, mix = _orthogonal(n, TURN), _orthogonal(n, MIX) * np.linspace(1.3, 0.7, n)
    of_x, noise = rng.standard_normal((2, items, n))
    of_y = strength * of_x + np.sqrt(1 - strength**2) * noise
    factors = {"Y, direction 1": _quarters(of_y[:, 0])}
    factors |= {f"X, direction {i + 1}": _quarters(of_x[:, i]) for i in range(n)}
    train, test = split(factors["Y, direction 1"], 0.2)
    raw = of_x @ turn.T
    inputs = standardised(raw, train)
    scale = inputs["scale"]
    known = Gaussian(np.eye(n) / scale**2, turn * strength @ mix.T / scale, mix @ mix.T)
    return DataSet(
        label=factors["Y, direction 1"], factors=factors, classes=dict.fromkeys(factors, QUARTERS),
        label_name="Y, direction 1", input_shape=(n,), train=train, test=test,
        value_range=(float(raw.min()), float(raw.max())), title=TITLE,
        target=(of_y @ mix.T).astype(np.float32), known=known, **inputs,
    )  # fmt: skip


def _checked(rho: object) -> np.ndarray:
    values = list(rho) if isinstance(rho, (list, tuple, np.ndarray)) else []
    for value in values:
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < 1:
            raise InvalidValue(f"rho must hold numbers above 0 and below 1; got {value!r}")
    if not 1 <= len(values) <= MOST_DIRECTIONS:
        raise InvalidValue(f"rho must be a list of 1 to {MOST_DIRECTIONS} correlations; got {rho!r}")
    return np.sort(np.array(values, float))[::-1]


def _orthogonal(n: int, seed: int) -> np.ndarray:
    """(n, n), a fixed rotation: Gram–Schmidt of a standard normal matrix."""
    q, r = np.linalg.qr(np.random.default_rng((n, seed)).standard_normal((n, n)))
    return q * np.sign(np.diag(r))


def _quarters(values: np.ndarray) -> np.ndarray:
    return np.searchsorted(CUTS, values).astype(np.int64)
