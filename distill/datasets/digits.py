"""The 8×8 handwritten digits that come with scikit-learn: 1797 items, the default of the program."""

import numpy as np

from distill.datasets import DataSet, split, standardised
from distill.datasets._pictures import DIGIT_CLASSES, DIGIT_FACTORS, of_digits

TITLE = "Digits"
FACTORS = DIGIT_FACTORS


def make() -> DataSet:
    """Digits with four derived factors: parity, loop (0 4 6 8 9 have one), ink and slant in thirds."""
    from sklearn.datasets import load_digits

    source = load_digits()
    images, digit = source.images, source.target.astype(np.int64)
    train, test = split(digit, 0.25)
    return DataSet(
        label=digit, factors=of_digits(images, digit), classes=DIGIT_CLASSES, label_name="digit", input_shape=(8, 8),
        train=train, test=test, value_range=(0.0, 16.0), title=TITLE, **standardised(images, train),
    )  # fmt: skip
