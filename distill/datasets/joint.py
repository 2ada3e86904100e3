"""A small joint table given as an option: the exact bottleneck of such data is known."""

from collections.abc import Sequence

from distill.config import log_betas
from distill.datasets import DataSet
from distill.datasets._joints import of_joint, table

TITLE = "Joint table"
FACTORS = ("y", "x")  # the label first
DEFAULTS = {"hidden": (32,), "latent_dim": 2, "epochs": 60, "batch_size": 256, "betas": log_betas(0.01, 1, 33)[1:]}
EXAMPLE = ((0.30, 0.05, 0.02), (0.04, 0.20, 0.03), (0.02, 0.04, 0.18), (0.05, 0.03, 0.04))


def make(p: Sequence[Sequence[float]] = EXAMPLE, items: int = 5000) -> DataSet:
    """Items drawn by quota from a joint table; the input is the value of x, one-hot, and the label is y.

    Equal items stand in both splits, for there are only as many as rows. `known` is the table itself.

    Args:
        p: one row a value of x, one column a value of y; whatever its sum, it is normalised, and rows and columns of
            zeros are dropped. At most 64 × 32.
        items: of both splits, 500 … 200 000; a fifth is for testing.

    Raises:
        InvalidValue: for a table that is none (see `table`) or another number of items.
    """
    p_xy = table(p)
    classes = {name: tuple(f"{name}{i + 1}" for i in range(n)) for name, n in zip("yx", p_xy.shape[::-1], strict=True)}
    return of_joint(p_xy, items, {}, classes, TITLE)
