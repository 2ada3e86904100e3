"""Pictures as symbols: one byte a pixel, row by row, those of the test items sent and the others to learn from."""

import numpy as np

from distill import datasets
from distill.measures.entropies import entropy_bits
from distill.sources import Source


def of_data_set(name: str) -> Source:
    """The pictures of a data set as they were before they were standardised; H(label) of those that are sent."""
    data = datasets.load(name)
    levels = np.rint(data.inputs * data.scale + data.offset).astype(np.uint8)
    return Source(
        title=data.title, symbols=levels[data.test].ravel(), training=levels[data.train].ravel(),
        alphabet=int(data.value_range[1]) + 1, item="picture", item_symbols=levels.shape[1], shape=data.input_shape,
        label_bits=entropy_bits(data.label[data.test]),
    )  # fmt: skip
