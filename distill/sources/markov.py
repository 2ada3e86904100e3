"""A chain of symbols that tend to repeat: whoever looks at one symbol at a time does not see how little is new."""

from bisect import bisect
from numbers import Real

import numpy as np

from distill.config import checked_int
from distill.errors import InvalidValue
from distill.measures.entropies import entropy_of_shares
from distill.sources import Source
from distill.sources._drawn import of_draws

TITLE = "Markov chain"
STATES = (2, 16)


def make(states: int = 4, stay: float = 0.8293, skew: float = 0.3632, count: int = 300_000, seed: int = 0) -> Source:
    """`count` steps of a stationary chain that repeats a symbol with probability `stay`, else goes to another one.

    Symbol i weighs w_i = skew^i: a chain that leaves i goes to j ≠ i with probability w_j / (W − w_i), W = Σ w. The
    flow between any two symbols is the same both ways, so the stationary distribution is π_i ∝ w_i (W − w_i), whatever
    `stay` is, and with it the order-0 entropy H(π). The entropy rate is exact, Σ_i π_i H(row i) (Cover & Thomas 2006,
    §4.2): `skew` sets what a coder sees that looks at single symbols, `stay` what is really new. As it stands they
    are 1.702 and 0.8318 bits a symbol.

    Args:
        states: 2 … 16. Of two, each leaves for the other, and `skew` makes no difference.
        stay: 0 … 0.999.
        skew: above 0, at most 1, where all symbols are equally frequent.

    Raises:
        InvalidValue: for a number outside its limits.
    """
    rows, stationary = chain(states, stay, skew)
    rate = float(stationary @ entropy_of_shares(rows))
    alone = entropy_of_shares(stationary)
    return of_draws(
        TITLE, len(rows), lambda generator, n: walk(rows, stationary, generator, n), count, seed,
        entropy_rate=rate, entropy_note=f"Σ π H(row) of the chain; {alone:.3f} bits for each symbol by itself",
    )  # fmt: skip


def chain(states: int, stay: float, skew: float) -> tuple[np.ndarray, np.ndarray]:
    """(A, A) probabilities of the next symbol, rows the present one, and (A,) the stationary distribution."""
    states = checked_int("states", states, *STATES)
    stay, skew = _checked("stay", stay, 0.0, 0.999), _checked("skew", skew, 0.01, 1.0)
    weights = skew ** np.arange(states)
    others = np.where(np.eye(states, dtype=bool), 0.0, weights)
    rows = (1 - stay) * others / others.sum(1, keepdims=True) + stay * np.eye(states)
    stationary = weights * (weights.sum() - weights)
    return rows, stationary / stationary.sum()


def walk(rows: np.ndarray, stationary: np.ndarray, generator: np.random.Generator, count: int) -> np.ndarray:
    """(count,) symbols, the first of them drawn from the stationary distribution."""
    bounds = rows.cumsum(1)[:, :-1].tolist()  # the last bound is 1, which rounding may miss
    symbol, found = int(generator.choice(len(rows), p=stationary)), []
    for chance in generator.random(count).tolist():
        found.append(symbol)
        symbol = bisect(bounds[symbol], chance)
    return np.array(found)


def _checked(name: str, value: object, low: float, high: float) -> float:
    if not isinstance(value, Real) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidValue(f"{name} must be a number from {low:g} to {high:g}; got {value!r}")
    return float(value)
