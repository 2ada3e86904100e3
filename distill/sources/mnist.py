"""Handwritten digits of 28×28 pixels: 1000 of MNIST, 256 grey levels."""

from distill.sources import Source

TITLE = "MNIST"
DEFAULTS = {"items": 500}  # WebP takes long for more


def make() -> Source:
    """The test pictures of the data set `mnist`, a byte a pixel (0 … 255); its 4000 training pictures to learn from."""
    from distill.sources._pictures import of_data_set

    return of_data_set("mnist")
