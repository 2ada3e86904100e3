"""What a person gives as a joint distribution, checked and normalised, and bits read from joints."""

from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from distill.errors import InvalidValue

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
LN2 = float(np.log(2.0))
ROUNDING = 1e-14  # bits


def on_one_thread(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """`function`, its matrix products on one thread: they are small, and beside a training that has the cores, threads
    that wait for one another make them ten times slower."""

    @wraps(function)
    def alone(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        with _libraries().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return alone


@cache
def _libraries() -> "ThreadpoolController":
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def checked(values: ArrayLike, name: str, dims: int) -> np.ndarray:
    """`values` as a new float64 array of `dims` dimensions, every cell finite and 0 or above.

    Raises:
        InvalidValue: naming the cell that is negative or not finite, or the shape that does not fit.
    """
    array = as_floats(values, name, dims)
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        cell = tuple(int(i) for i in np.argwhere(wrong)[0])
        place = ", ".join(str(i) for i in cell)
        raise InvalidValue(f"{name}[{place}] is {array[cell]:g}; every cell must be a finite number, 0 or above")
    return array


def as_floats(values: ArrayLike, name: str, dims: int) -> np.ndarray:
    """`values` as a new float64 array with `dims` dimensions and at least one cell; InvalidValue if it is none."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidValue(f"{name} must be a table of numbers with rows of one length; {error}") from error
    if array.ndim != dims or not array.size:
        raise InvalidValue(
            f"{name} has shape {array.shape}; it must have {dims} dimension{'s' * (dims > 1)}, none empty"
        )
    return array


def joint(p_xy: ArrayLike) -> np.ndarray:
    """p(x,y) as a new (x, y) float64 array that sums to 1; counts are allowed; raises InvalidValue."""
    array = checked(p_xy, "p_xy", 2)
    if not array.any():
        raise InvalidValue(f"p_xy of shape {array.shape} holds only zeros; at least one cell must be above 0")
    array /= array.max()  # sums of counts near the largest float would overflow
    return array / array.sum()


def strengths(betas: float | Sequence[float] | ArrayLike, name: str = "betas") -> np.ndarray:
    """Compression strengths as a new (beta,) array, each finite and 0 or above; raises InvalidValue."""
    return checked(np.atleast_1d(np.asarray(betas, dtype=object)), name, 1)


def sufficient(p_xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The minimal sufficient statistic of X for Y: rows x of equal p(y|x) fall together.

    Returns:
        p(s,y), (s, y), every row above 0 somewhere; and s of each x, (x,), −1 where p(x) = 0.
    """
    p_x = p_xy.sum(1)
    some = p_x > 0
    # rows count as equal when they agree to 12 digits: counts in proportion may differ in the last bit
    rows = np.round(p_xy[some] / p_x[some, None], 12) + 0.0
    _, first, group = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))  # groups in the order in which x first meets them
    group = order[group.reshape(-1)]
    merged = np.zeros((len(first), p_xy.shape[1]))
    np.add.at(merged, group, p_xy[some])
    of_x = np.full(len(p_xy), -1)
    of_x[some] = group
    return merged, of_x


def entropy(p: np.ndarray, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """−Σ p log2 p over `axis`, bits, with 0 log 0 = 0."""
    return np.maximum(0.0, -np.sum(p * np.log2(np.where(p > 0, p, 1.0)), axis=axis))


def information(p: np.ndarray) -> np.ndarray:
    """Mutual information of the last two axes of a joint distribution (..., a, b), bits, never below 0."""
    logs = [np.log2(np.where(each > 0, each, 1.0)) for each in (p, p.sum(-1, keepdims=True), p.sum(-2, keepdims=True))]
    return without_rounding(np.sum(p * (logs[0] - logs[1] - logs[2]), axis=(-2, -1)))


def information_through(p_x: np.ndarray, channel: np.ndarray) -> np.ndarray:
    """I(X;T) of channels q(t|x), (…, x, t), bits: H(T) − H(T|X), logarithms only of what is above 0."""
    logs = np.zeros_like(channel)
    np.log2(channel, out=logs, where=channel > 0)
    of_x = np.einsum("...xt,...xt->...x", channel, logs)
    return without_rounding(entropy(p_x @ channel, axis=-1) + of_x @ p_x)


def without_rounding(bits: np.ndarray) -> np.ndarray:
    """0 where a quantity that cannot be negative is below the rounding of its sum."""
    return np.where(bits < ROUNDING, 0.0, bits)
