"""Pictures as symbols: one byte a pixel, row by row, those of the test items sent and the others to learn from."""

import numpy as np

from distill import datasets
from distill.measures.entropies import entropy_bits
from distill.sources import Source

ORDER = 7  # seed of the order in which pictures are sent


def of_data_set(name: str) -> Source:
    """The pictures of a data set as they were before they were standardised; H(label) of those that are sent.

    They are sent in a fixed random order: some data sets have theirs by class, and the first few would be all alike.
    """
    data = datasets.load(name)
    sent = np.random.default_rng(ORDER).permutation(data.test)
    levels = np.rint(data.inputs * data.scale + data.offset).astype(np.uint8)
    return Source(
        title=data.title, symbols=levels[sent].ravel(), training=levels[data.train].ravel(),
        alphabet=int(data.value_range[1]) + 1, item="picture", item_symbols=levels.shape[1], shape=data.input_shape,
        label_bits=entropy_bits(data.label[data.test]),
    )  # fmt: skip
