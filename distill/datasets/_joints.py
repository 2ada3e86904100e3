"""What data sets with a known joint distribution share: a checked table, and items whose counts follow it."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from distill.datasets import DataSet, Joint, standardised
from distill.errors import InvalidValue

FEWEST, MOST = 500, 200_000
MOST_ROWS, MOST_COLUMNS = 64, 32
SHARE_OF_TEST = 0.2
NEARLY = 1e-6  # of an item: what floats leave of whole numbers


def table(p: Iterable[Iterable[float]], most: tuple[int, int] = (MOST_ROWS, MOST_COLUMNS)) -> np.ndarray:
    """`p` as (n_x, n_y) float64 that sums to 1, without the rows and columns in which nothing stands.

    Raises:
        InvalidValue: for what is no table of finite numbers ≥ 0 (naming the cell), for fewer than two values of x or
            of y, and for a table larger than `most`.
    """
    try:
        given = np.array([[float(value) for value in row] for row in p])
    except (TypeError, ValueError):
        given = np.zeros(0)
    if given.ndim != 2:
        raise InvalidValue("p must be a table of numbers, rows of equal length, one row a value of x")
    wrong = np.argwhere(~(np.isfinite(given) & (given >= 0)))
    if len(wrong):
        row, column = wrong[0]
        raise InvalidValue(
            f"p must hold finite numbers ≥ 0; row {row + 1}, column {column + 1} is {given[row, column]}"
        )
    kept = given[given.any(1)][:, given.any(0)]
    if min(kept.shape) < 2 or any(size > limit for size, limit in zip(kept.shape, most, strict=True)):
        raise InvalidValue(
            f"p must have 2 to {most[0]} rows and 2 to {most[1]} columns with a number above 0; "
            f"got {kept.shape[0]} and {kept.shape[1]}"
        )
    kept = kept / kept.max()  # sums of counts near the largest float would overflow
    return kept / kept.sum()


def checked_items(items: object, most: int = MOST) -> int:
    """`items`, if it is a number of items that a data set can be drawn with; raises InvalidValue otherwise."""
    whole = isinstance(items, (int, np.integer)) and not isinstance(items, bool)
    if not whole or not FEWEST <= items <= most:
        raise InvalidValue(f"items must be a whole number from {FEWEST} to {most}; got {items!r}")
    return int(items)


def drawn(p_xy: np.ndarray, items: int) -> dict[str, Any]:
    """Items of a known joint, four fifths for training: the fields `x`, `y`, `train` and `test`.

    A quota sample: in both splits the counts of every pair, of every x and of every y are N·p rounded up or down, so
    that what is learned differs from what is known by rounding, not by chance. See `rounded` for the rarest values.
    """
    parts = [rounded(p_xy, n) for n in (items - round(SHARE_OF_TEST * items), round(SHARE_OF_TEST * items))]
    cells = np.concatenate([np.repeat(np.arange(p_xy.size), counts.ravel()) for counts in parts])
    order = np.random.default_rng(0).permutation(items)
    x, y = np.divmod(cells[order], p_xy.shape[1])
    for_training = order < parts[0].sum()
    return {"x": x, "y": y, "train": np.flatnonzero(for_training), "test": np.flatnonzero(~for_training)}


def one_hot(codes: np.ndarray, values: int, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
    """Inputs of items that are one of `values` symbols, as fields of a DataSet; and the inputs of the symbols."""
    fields = standardised(np.eye(values)[codes], train)
    return fields, ((np.eye(values) - fields["offset"]) / fields["scale"]).astype(np.float32)


def of_joint(
    p_xy: np.ndarray, items: int, factors: dict[str, np.ndarray], classes: dict[str, tuple[str, ...]], title: str
) -> DataSet:
    """The data set of a joint: x one-hot, y the label. `factors` maps the names of further factors to their value for
    each x; `classes` names the values of y, of x and of those, in that order."""
    found = drawn(p_xy, checked_items(items))
    inputs, distinct = one_hot(found["x"], len(p_xy), found["train"])
    label_name, x_name = list(classes)[:2]
    codes = {label_name: found["y"], x_name: found["x"]} | {name: each[found["x"]] for name, each in factors.items()}
    return DataSet(
        label=codes[label_name], factors={name: each.astype(np.int64) for name, each in codes.items()},
        classes=classes, label_name=label_name, input_shape=(len(p_xy),), train=found["train"], test=found["test"],
        title=title, known=Joint(p_xy, distinct), **inputs,
    )  # fmt: skip


def rounded(p_xy: np.ndarray, items: int) -> np.ndarray:
    """(n_x, n_y) whole numbers that sum to `items`: every cell, row and column of items·p rounded up or down.

    Controlled rounding (Cox 1987), as a transport problem whose corners are whole; among them the nearest to items·p
    in absolute differences. A value of x or y so rare that it would have less than one item has one.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, vstack

    wanted = items * _raised(p_xy, 1.0 / items)
    low = np.floor(wanted + NEARLY)
    spare = wanted - low
    rows, columns = np.indices(p_xy.shape).reshape(2, -1)
    ones, place = np.ones(p_xy.size), np.arange(p_xy.size)
    lines = vstack([coo_array((ones, (rows, place))), coo_array((ones, (columns, place)))])
    left = np.concatenate([spare.sum(1), spare.sum(0)])
    found = linprog(
        (1 - 2 * spare).ravel(), bounds=np.stack([0 * ones, (spare > NEARLY).ravel()], 1), method="highs-ds",
        A_ub=vstack([lines, -lines]), b_ub=np.concatenate([np.ceil(left - NEARLY), -np.floor(left + NEARLY)]),
        A_eq=ones[None], b_eq=[round(items - low.sum())],
    )  # fmt: skip
    if not found.success:
        raise InvalidValue(f"{items} items are too few for a table of {p_xy.shape[0]} × {p_xy.shape[1]}")
    return (low + np.rint(found.x).reshape(p_xy.shape)).astype(int)


def _raised(p_xy: np.ndarray, least: float) -> np.ndarray:
    """The table with every row and column raised to `least` by taking from the others in proportion."""
    p = p_xy.copy()
    for _ in range(200):
        if min(p.sum(0).min(), p.sum(1).min()) >= least * (1 - NEARLY / 10):
            break
        for axis in (0, 1):
            p *= np.maximum(1, least / p.sum(axis, keepdims=True))
            p /= p.sum()
    return p
