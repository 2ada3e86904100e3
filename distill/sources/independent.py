"""Symbols that owe nothing to one another, with probabilities that a person sets."""

from collections.abc import Sequence
from numbers import Real

import numpy as np

from distill.errors import InvalidValue
from distill.measures.entropies import entropy_of_shares
from distill.sources import Source
from distill.sources._drawn import of_draws

TITLE = "Independent"
FEWEST, MOST = 2, 256
NEAR = 0.01  # by how much probabilities may miss 1 and still be meant as such: those of sliders are rounded


def make(probabilities: Sequence[float] = (0.7, 0.15, 0.1, 0.05), count: int = 300_000, seed: int = 0) -> Source:
    """`count` draws of a symbol that has these probabilities; the entropy rate is H(p) = −Σ p log2 p.

    Raises:
        InvalidValue: for probabilities that are none, and a count or a seed outside its limits.
    """
    p = checked(probabilities)
    return of_draws(
        TITLE, len(p), lambda generator, n: generator.choice(len(p), n, p=p), count, seed,
        entropy_rate=float(entropy_of_shares(p)), entropy_note="−Σ p log2 p of the probabilities that were set",
    )  # fmt: skip


def checked(probabilities: Sequence[float]) -> np.ndarray:
    """(A,) float64 that sum to 1; raises InvalidValue where they are no probabilities of 2 to 256 symbols."""
    listed = list(probabilities) if isinstance(probabilities, Sequence | np.ndarray) else [probabilities]
    allowed = f"{FEWEST} to {MOST} numbers of at least 0 that sum to 1"
    plain = all(isinstance(each, Real) and not isinstance(each, bool) for each in listed)
    if not plain or not FEWEST <= len(listed) <= MOST:
        raise InvalidValue(f"probabilities must be {allowed}; got {str(probabilities)[:60]}")
    p = np.array(listed, dtype=np.float64)
    if not (np.isfinite(p).all() and (p >= 0).all() and abs(p.sum() - 1) <= NEAR):
        raise InvalidValue(f"probabilities must be {allowed}; got {str(probabilities)[:60]}, whose sum is {p.sum():g}")
    return p / p.sum()
