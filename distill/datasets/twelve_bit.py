"""Twelve bits and a rule that turning a sphere does not change: the task of Shwartz-Ziv & Tishby (2017), rule our own.

The bits sit on the corners of an icosahedron. Their original table may not be passed on; this rule has the same
symmetry and nearly the same share of ones at every number of active corners.
"""

import numpy as np

from distill.datasets import DataSet, split, standardised

TITLE = "Twelve bits"
FACTORS = ("label", "active bits", "neighbours")  # the label first
WEIGHT, THRESHOLD = 0.75, 6.1136  # midway between the two nearest values of the rule, 6.0909 and 6.1364
FEW, MANY = 2, 10  # numbers of active bits that fewer than a fiftieth of the patterns have, taken together


def make() -> DataSet:
    """All 4096 patterns of twelve bits, each once: label 1 where k + 0.75 (e − 30 k (k − 1)/132) ≥ 6.1136.

    k is the number of active bits and e that of active neighbours, pairs joined by one of the 30 edges; the fraction
    is its mean given k. P(label 1) = 0.49756, H(Y) = 0.99998 bits (THEORY 3). Factors: the label, k (its rare ends
    taken together), and whether e is half an edge or more below or above that mean.

    The label is a function of the pattern, so that the exact curve is min(r, H(Y)) for whatever patterns one has.
    `known` stays empty: as a joint of 4096 rows it would have to be measured whole, and no pattern be held out.
    """
    bits = np.arange(4096)[:, None] >> np.arange(12) & 1
    active, surplus = bits.sum(1), _surplus(bits)
    label = (active + WEIGHT * surplus >= THRESHOLD).astype(np.int64)
    factors = {
        "label": label,
        "active bits": (active.clip(FEW, MANY) - FEW).astype(np.int64),
        "neighbours": (np.sign(surplus) * (abs(surplus) >= 0.5) + 1).astype(np.int64),
    }
    middle = [str(number) for number in range(FEW + 1, MANY)]
    classes = {
        "label": ("0", "1"),
        "active bits": (f"0 to {FEW}", *middle, f"{MANY} to 12"),
        "neighbours": ("few", "usual", "many"),
    }
    train, test = split(factors["active bits"] * 2 + label, 0.2)
    return DataSet(
        label=label, factors=factors, classes=classes, label_name="label", input_shape=(12,), train=train, test=test,
        title=TITLE, **standardised(bits, train),
    )  # fmt: skip


def edges() -> np.ndarray:
    """(12, 12) of 0 and 1: which corners of the icosahedron are joined; five at each, thirty in all."""
    golden = (1 + np.sqrt(5)) / 2
    plane = np.array([(a, b * golden) for a in (-1, 1) for b in (-1, 1)])
    corners = np.concatenate([np.roll(np.column_stack([np.zeros(4), plane]), turn, axis=1) for turn in range(3)])
    apart = np.square(corners[:, None] - corners).sum(-1)
    return (abs(apart - 4) < 1e-9).astype(int)


def _surplus(bits: np.ndarray) -> np.ndarray:
    """Active neighbours above their mean given the number of active bits, (N,)."""
    active = bits.sum(1)
    return (bits @ edges() * bits).sum(1) / 2 - 30 * active * (active - 1) / 132
