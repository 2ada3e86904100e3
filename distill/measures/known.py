"""Entropies and I(X;Y) of distributions that are known, bits."""

import numpy as np

from distill.measures.entropies import entropy_of_shares

__all__ = ["gaussian_information", "gaussian_surprise", "joint_entropies"]


def joint_entropies(p_xy: np.ndarray) -> tuple[float, float, float]:
    """H(X), H(Y) and I(X;Y) of `p_xy` (n_x, n_y), which sums to 1."""
    of_x, of_y, both = (float(entropy_of_shares(p)) for p in (p_xy.sum(1), p_xy.sum(0), p_xy.ravel()))
    return of_x, of_y, of_x + of_y - both


def gaussian_surprise(target: np.ndarray, cov_y: np.ndarray) -> float:
    """−mean log2 p(y) of items (N, Dy) under N(0, cov_y): h(Y) as these items have it.

    Beside a cross-entropy of the same items their chance falls away: a code that keeps nothing then has H(Y) − CE = 0.
    """
    squares = (target * np.linalg.solve(cov_y, target.T).T).sum(-1).mean()
    return float((squares + np.linalg.slogdet(2 * np.pi * cov_y)[1]) / (2 * np.log(2)))


def gaussian_information(cov_x: np.ndarray, cov_xy: np.ndarray, cov_y: np.ndarray) -> float:
    """I(X;Y) = ½ log2 |Σ_y| − ½ log2 |Σ_{y|x}| (Cover & Thomas 2006, §8.5)."""
    given = cov_y - cov_xy.T @ np.linalg.solve(cov_x, cov_xy)
    return float((np.linalg.slogdet(cov_y)[1] - np.linalg.slogdet(given)[1]) / (2 * np.log(2)))
