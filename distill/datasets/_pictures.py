"""What is read off a picture itself: how much ink it has and by how much it leans, each in thirds; and off a digit."""

import numpy as np

from distill.datasets._columns import THIRDS, in_thirds

HAS_LOOP = (0, 4, 6, 8, 9)
DIGIT_FACTORS = ("digit", "parity", "loop", "ink", "slant")  # the label first
DIGIT_CLASSES = {
    "digit": tuple(str(value) for value in range(10)),
    "parity": ("even", "odd"),
    "loop": ("no loop", "loop"),
    "ink": THIRDS,
    "slant": THIRDS,
}


def of_digits(images: np.ndarray, digit: np.ndarray) -> dict[str, np.ndarray]:
    """Factor → (N,) int64 of pictures of digits (N, height, width): 0 4 6 8 9 have a loop."""
    return {
        "digit": digit,
        "parity": digit % 2,
        "loop": np.isin(digit, HAS_LOOP).astype(np.int64),
        "ink": ink(images),
        "slant": in_thirds(slant(images))[0],
    }


def ink(images: np.ndarray) -> np.ndarray:
    """(N,) the third of all these pictures (N, height, width) that the mean pixel falls in."""
    return in_thirds(images.mean(axis=(1, 2)))[0]


def slant(images: np.ndarray) -> np.ndarray:
    """(N,) the central image moment μ11 over μ02, in pixels: how far to the right a stroke moves with each row down."""
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    mass = images.sum(axis=(1, 2))
    down = rows - (images * rows).sum(axis=(1, 2))[:, None, None] / mass[:, None, None]
    across = columns - (images * columns).sum(axis=(1, 2))[:, None, None] / mass[:, None, None]
    return (images * down * across).sum(axis=(1, 2)) / (images * down**2).sum(axis=(1, 2))
