"""What symbols could be sent in by whoever knew their frequencies: the plug-in entropy of order k."""

import numpy as np

from distill.errors import InvalidValue

HIGHEST = 7  # order: contexts of 7 of 257 symbols are still whole numbers of 64 bits


def contexts(symbols: np.ndarray, order: int, size: int) -> np.ndarray:
    """(n,) int64, the number of the context of each symbol: the `order` before it, read as digits of base size + 1.

    `symbols` are below `size`. What stands before the first is a symbol of its own, number `size`.

    Raises:
        InvalidValue: for an order outside 0 … 7.
    """
    check_order(order)
    before = np.concatenate([np.full(order, size, np.int64), symbols.astype(np.int64)])
    found = np.zeros(len(symbols), np.int64)
    for lag in range(order, 0, -1):
        found = found * (size + 1) + before[order - lag : len(before) - lag]
    return found


def check_order(order: int) -> None:
    """Raises InvalidValue for an order outside 0 … 7."""
    if not (isinstance(order, int) and 0 <= order <= HIGHEST):
        raise InvalidValue(f"the order of a model must be a whole number from 0 to {HIGHEST}; got {order!r}")


def pairs(symbols: np.ndarray, order: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each symbol follows each context that occurs, whichever number it has: (p,) the place of the context
    among them, (p,) the symbol, (p,) the count.
    """
    place = np.unique(contexts(symbols, order, size), return_inverse=True)[1]
    both, count = np.unique(place.ravel() * size + symbols, return_counts=True)
    return both // size, both % size, count


def order_entropy(symbols: np.ndarray, order: int) -> float:
    """Plug-in entropy of a symbol given the `order` before it, bits a symbol: −(1/n) Σ n_ca log2(n_ca / n_c).

    What stands before the first symbol counts as one more symbol, so that all n of them are counted and no order is
    above a lower one. No coder that only counts, in contexts of this order, gets below it; it falls to 0 as contexts
    become so many that each occurs once, so it says something only while they are far fewer than n.

    Args:
        symbols: (n,) whole numbers of 0 … 255; 0 bits where there are none.
        order: 0 … 7.

    Raises:
        InvalidValue: for another order.
    """
    symbols = np.asarray(symbols).ravel().astype(np.int64)
    size = int(symbols.max(initial=0)) + 1
    context, _, count = pairs(symbols, order, size)
    if not len(count):
        return 0.0
    whole = np.bincount(context, weights=count)[context]
    return float(max(0.0, -(count * np.log2(count / whole)).sum() / len(symbols)))
