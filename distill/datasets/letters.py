"""Pairs of neighbouring letters in the King James text: real, discrete, and small enough for an exact answer."""

import string
from pathlib import Path

import numpy as np

from distill.config import log_betas
from distill.datasets import DataSet
from distill.datasets._joints import of_joint

TITLE = "Letters"
FACTORS = ("next letter", "letter", "kind")  # the label first
DEFAULTS = {"hidden": (64,), "latent_dim": 4, "epochs": 60, "batch_size": 256, "betas": log_betas(0.005, 0.7, 33)[1:]}
COUNTS = Path(__file__).parents[2] / "assets" / "data" / "letters.csv"  # made by assets/make_letters.py
VOWELS = "aeiou"
SYMBOLS = (*string.ascii_lowercase, "space")
KINDS = ("vowel", "consonant", "space")


def make(items: int = 5000) -> DataSet:
    """Items are letters, one-hot, and the label is the letter that follows: 27 symbols, the space among them.

    `known` is the joint distribution of the 4,013,551 pairs of the text: I(X;Y) = 0.863 bits of H(X) = 4.023. The
    items are a quota sample of it, in which the rarest letters (q, x, z) have one item a split where they would have
    fewer.

    Args:
        items: of both splits, 500 … 200 000; a fifth is for testing.

    Raises:
        InvalidValue: for another number of items.
    """
    counts = np.loadtxt(COUNTS, delimiter=",", skiprows=1)
    kind = np.array([KINDS.index(_kind(symbol)) for symbol in SYMBOLS])
    classes = {"next letter": SYMBOLS, "letter": SYMBOLS, "kind": KINDS}
    return of_joint(counts / counts.sum(), items, {"kind": kind}, classes, TITLE)


def _kind(symbol: str) -> str:
    return "space" if symbol == "space" else "vowel" if symbol in VOWELS else "consonant"
