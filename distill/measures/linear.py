"""I(X;Z) and I(Z;Y) of a linear encoder of Gaussian data, in closed form from its weights."""

import numpy as np

__all__ = ["linear_information"]


def linear_information(
    weight: np.ndarray, scale: np.ndarray, cov_x: np.ndarray, cov_xy: np.ndarray, cov_y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bits, (S,) each, of Z = Xᵀ W + σ ε for `weight` (S, D, K) and `scale` (S, K), X and Y jointly Gaussian.

    I(X;Z) = ½ log2 |Wᵀ Σ_x W + D| − ½ log2 |D| and I(Z;Y) = ½ log2 |Wᵀ Σ_x W + D| − ½ log2 |Wᵀ Σ_{x|y} W + D|, with
    D = diag σ² (Chechik, Globerson, Tishby & Weiss 2005, §3). The population's, without sampling or ceiling.
    """
    within = cov_x - cov_xy @ np.linalg.solve(cov_y, cov_xy.T)
    # in units of the noise, so that a vanishing σ stays harmless
    scaled = weight / scale[:, None, :]
    one = np.eye(scale.shape[-1])
    whole = np.linalg.slogdet(scaled.swapaxes(1, 2) @ cov_x @ scaled + one)[1]
    given = np.linalg.slogdet(scaled.swapaxes(1, 2) @ within @ scaled + one)[1]
    return whole / (2 * np.log(2)), (whole - given) / (2 * np.log(2))
