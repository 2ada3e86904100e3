"""The 8×8 handwritten digits that come with scikit-learn: 1797 items, the default of the program."""

import numpy as np

from distill.datasets import DataSet, split, standardised

TITLE = "Digits"
FACTORS = ("digit", "parity", "loop", "ink", "slant")  # the label first
HAS_LOOP = (0, 4, 6, 8, 9)
THIRDS = ("low", "middle", "high")


def make() -> DataSet:
    """Digits with four derived factors: parity, loop (0 4 6 8 9 have one), ink and slant in thirds."""
    from sklearn.datasets import load_digits

    source = load_digits()
    images, digit = source.images, source.target.astype(np.int64)
    train, test = split(digit, 0.25)
    factors = {
        "digit": digit,
        "parity": digit % 2,
        "loop": np.isin(digit, HAS_LOOP).astype(np.int64),
        "ink": _thirds(images.mean(axis=(1, 2))),
        "slant": _thirds(_slant(images)),
    }
    classes = {
        "digit": tuple(str(value) for value in range(10)),
        "parity": ("even", "odd"),
        "loop": ("no loop", "loop"),
        "ink": THIRDS,
        "slant": THIRDS,
    }
    return DataSet(
        label=digit, factors=factors, classes=classes, label_name="digit", input_shape=(8, 8), train=train, test=test,
        value_range=(0.0, 16.0), title=TITLE, **standardised(images, train),
    )  # fmt: skip


def _thirds(values: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.quantile(values, [1 / 3, 2 / 3]), values, side="right").astype(np.int64)


def _slant(images: np.ndarray) -> np.ndarray:
    """The central image moment μ11 over μ02: by how much a stroke leans as it goes down."""
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    mass = images.sum(axis=(1, 2))
    down = rows - (images * rows).sum(axis=(1, 2))[:, None, None] / mass[:, None, None]
    across = columns - (images * columns).sum(axis=(1, 2))[:, None, None] / mass[:, None, None]
    return (images * down * across).sum(axis=(1, 2)) / (images * down**2).sum(axis=(1, 2))
