"""The 8×8 handwritten digits: 450 pictures of 17 grey levels."""

from distill.sources import Source

TITLE = "Digits"


def make() -> Source:
    """The test pictures of the data set `digits`, a byte a pixel (0 … 16); its 1347 training pictures to learn from."""
    from distill.sources._pictures import of_data_set

    return of_data_set("digits")
