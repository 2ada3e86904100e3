"""The bottleneck of jointly Gaussian X and Y, in closed form (Chechik et al. 2005)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from distill.errors import InvalidValue
from distill.exact._joints import as_floats, strengths

__all__ = [
    "GaussianBottleneck",
    "gaussian_critical_betas",
    "gaussian_curve",
    "gaussian_information_bottleneck",
]

SMALLEST = 1e-12  # an eigenvalue or a 1 − ρ² below this share is rounding


class GaussianBottleneck(NamedTuple):
    """The best code T = A X + ξ, ξ ~ N(0, I), at each β.

    information_x, information_y: (beta,) bits. projection: A, (beta, t, x); rows beyond the active directions are 0.
    lagrangian: β I(X;T) − I(T;Y), (beta,) bits.
    """

    information_x: np.ndarray
    information_y: np.ndarray
    projection: np.ndarray
    lagrangian: np.ndarray


def gaussian_information_bottleneck(
    cov_x: ArrayLike, cov_xy: ArrayLike, cov_y: ArrayLike, betas: ArrayLike
) -> GaussianBottleneck:
    """min β I(X;T) − I(T;Y) over every code of a Gaussian X, which is noisy and linear.

    With Σx^(-1/2) Σxy Σy^(-1/2) = U ρ Vᵀ, direction i is active where β < ρ_i², and row i of A is
    √((ρ_i²/β − 1)/(1 − ρ_i²)) u_iᵀ Σx^(-1/2)   (Chechik et al. 2005, theorem 3.1, written with β_T = 1/β), so that
    I(X;T) = ½ Σ log2 [(1/β − 1) ρ_i²/(1 − ρ_i²)],   I(T;Y) = I(X;T) − ½ Σ log2 (ρ_i²/β).
    At β = 0 the rows are infinite: every active direction is kept without noise, and I(X;T) = ∞. A direction with
    ρ_i = 1 is infinite at every β < 1.

    Args:
        cov_x: (x, x). cov_xy: (x, y). cov_y: (y, y). Both covariances symmetric and positive definite.
        betas: (beta,) compression strengths, 0 or above, in any order.

    Raises:
        InvalidValue: where a covariance is singular, not symmetric or does not fit the others, the three together
            are no covariance (a correlation above 1), or a β is negative.
    """
    whiten, left, rho2 = _canonical(cov_x, cov_xy, cov_y)
    beta = strengths(betas)[:, None]
    on = beta < rho2
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.where(on, (rho2 / beta - 1) / (1 - rho2), 0.0)
        axes = left.T @ whiten
        rows = np.where(on[..., None] & (axes != 0), np.sqrt(squares)[..., None] * axes, 0.0)
        bits_x = 0.5 * np.log2(np.where(on, (1 / beta - 1) * rho2 / (1 - rho2), 1.0))
        # the ½ log2 (ρ²/β) taken off in one go, so that β = 0 gives I(X;Y) and ρ = 1 gives ∞
        bits_y = 0.5 * np.log2(np.where(on, (1 - beta) / (1 - rho2), 1.0))
    information_x, information_y = bits_x.sum(1), bits_y.sum(1)
    return GaussianBottleneck(information_x, information_y, rows, _lagrangian(beta[:, 0], information_x, information_y))


def _lagrangian(beta: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """β x − y where 0·∞ counts as 0 (the limit of β log(1/β)); ∞ − ∞ is −∞, for I(X;T) grows no faster than I(T;Y)."""
    infinite = np.isinf(y)
    cost = np.where(beta > 0, beta * np.where(np.isinf(x), 0.0, x), 0.0)
    return np.where(infinite, -np.inf, cost - np.where(infinite, 0.0, y))


def gaussian_critical_betas(cov_x: ArrayLike, cov_xy: ArrayLike, cov_y: ArrayLike) -> np.ndarray:
    """β below which each direction enters the code: the squared canonical correlations ρ_i², falling, (min(x, y),).

    Chechik et al. 2005, lemma 4.1: β_T,i = 1/(1 − λ_i) = 1/ρ_i². Raises InvalidValue as the bottleneck does.
    """
    return _canonical(cov_x, cov_xy, cov_y)[2]


def gaussian_curve(cov_x: ArrayLike, cov_xy: ArrayLike, cov_y: ArrayLike, information_x: ArrayLike) -> np.ndarray:
    """The largest I(T;Y) at each I(X;T) = r, bits, same shape as `information_x`.

    r fixes β through I(X;T) = ½ Σ_{i ≤ n} log2 [(1/β − 1) ρ_i²/(1 − ρ_i²)], with the n for which β lies between
    ρ_{n+1}² and ρ_n² (Chechik et al. 2005, section 5); ∞ gives I(X;Y). Raises InvalidValue, also for a negative r.
    """
    rho2 = gaussian_critical_betas(cov_x, cov_xy, cov_y)
    rho2 = rho2[rho2 > 0]
    rate = np.asarray(information_x, dtype=np.float64)
    if np.isnan(rate).any() or (rate < 0).any():
        raise InvalidValue("gaussian_curve needs every I(X;T) to be 0 or above")
    if (rho2 >= 1).any():
        # one such direction takes any number of bits, and passes each of them on
        return rate.copy()
    if not len(rho2):
        return np.zeros_like(rate)
    odds = np.log2(rho2 / (1 - rho2))
    count = np.arange(1, len(rho2) + 1)
    entry = 0.5 * (np.cumsum(odds) - count * odds)  # bits at which direction n enters; falling odds make it rise
    active = np.maximum(1, (rate[..., None] >= entry).sum(-1))
    with np.errstate(over="ignore", invalid="ignore"):
        log_ratio = (2 * rate - np.cumsum(odds)[active - 1]) / active  # log2 (1/β − 1)
        beta = np.where(np.isinf(rate), 0.0, 1 / (1 + np.exp2(log_ratio)))
    kept = np.where(np.arange(len(rho2)) < active[..., None], np.log2((1 - beta[..., None]) / (1 - rho2)), 0.0)
    return 0.5 * kept.sum(-1)


def _canonical(cov_x: ArrayLike, cov_xy: ArrayLike, cov_y: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Σx^(-1/2) (x, x); u_i as columns (x, n); ρ_i² (n,), falling, with 0 and 1 exact where they are so to rounding."""
    x, y = _covariance(cov_x, "cov_x"), _covariance(cov_y, "cov_y")
    cross = as_floats(cov_xy, "cov_xy", 2)
    if cross.shape != (len(x), len(y)):
        raise InvalidValue(f"cov_xy has shape {cross.shape}; beside cov_x and cov_y it must be ({len(x)}, {len(y)})")
    if not np.isfinite(cross).all():
        raise InvalidValue("cov_xy holds a value that is not finite")
    whiten = _inverse_root(x, "cov_x")
    left, rho, _ = np.linalg.svd(whiten @ cross @ _inverse_root(y, "cov_y").T, full_matrices=False)
    if rho[0] > 1 + 1e-9:
        raise InvalidValue(f"the covariances give a correlation of {rho[0]:.6g}; none can be above 1")
    rho2 = np.minimum(rho, 1.0) ** 2
    rho2[rho2 < SMALLEST] = 0.0
    rho2[1 - rho2 < SMALLEST] = 1.0
    return whiten, left, rho2


def _covariance(values: ArrayLike, name: str) -> np.ndarray:
    array = as_floats(values, name, 2)
    if array.shape[0] != array.shape[1]:
        raise InvalidValue(f"{name} has shape {array.shape}; a covariance is square")
    if not np.isfinite(array).all():
        raise InvalidValue(f"{name} holds a value that is not finite")
    if not np.allclose(array, array.T, rtol=1e-8, atol=1e-10 * np.abs(array).max()):
        raise InvalidValue(f"{name} is not symmetric")
    return (array + array.T) / 2


def _inverse_root(covariance: np.ndarray, name: str) -> np.ndarray:
    """Σ^(-1/2), symmetric. Axes of very different scale are evened out first, so that only true dependence counts."""
    variance = np.diagonal(covariance)
    if (variance <= 0).any():
        raise InvalidValue(f"{name} has a variance of {variance.min():g} on its diagonal; each must be above 0")
    scale = np.sqrt(variance)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    if values[0] < SMALLEST * values[-1]:
        raise InvalidValue(
            f"{name} is singular: one axis is a linear combination of the others; leave it out or add a little noise"
        )
    # Σ⁻¹ᐟ² up to a rotation is enough for whitening: W Σ Wᵀ = I
    return (vectors / np.sqrt(values)).T / scale
