"""I(X;T) and I(T;Y) of a categorical code, exact: its symbols have probabilities, so nothing is sampled."""

import numpy as np

from distill.measures.entropies import entropy_of_shares

__all__ = ["symbol_information"]


def symbol_information(probabilities: np.ndarray, p_xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """I(X;T) and I(T;Y) in bits, (S,) each, of p(t|x) (S, N, M) for items with the distribution `p_xy` (N, C).

    I(X;T) = H(T) − Σ_x p(x) H(T|x); I(T;Y) = H(T) − Σ_y p(y) H(T|y), p(t|y) = Σ_x p(x|y) p(t|x). Both exact for these
    N items (Cover & Thomas 2006, §2.4).
    """
    p_x, p_y = p_xy.sum(1), p_xy.sum(0)
    whole = entropy_of_shares(np.einsum("snm,n->sm", probabilities, p_x))
    within = entropy_of_shares(probabilities) @ p_x
    with_label = np.einsum("snm,nc->scm", probabilities, p_xy)  # p(t, y)
    given = entropy_of_shares(with_label / np.where(p_y > 0, p_y, 1)[:, None]) @ p_y
    return whole - within, whole - given
