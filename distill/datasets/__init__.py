"""Data sets: one file each, found by the registry; `load(name)` gives a DataSet with a fixed split by item."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from distill import registry
from distill.errors import unknown

__all__ = ["SHUFFLED", "DataSet", "Gaussian", "Joint", "defaults", "factors", "load", "names"]

SHUFFLED, SHUFFLE_SEED = "shuffled", 1729  # the control: labels that owe nothing to the items


@dataclass(frozen=True)
class Joint:
    """A known discrete distribution behind a data set: `p_xy` (n_x, n_y) sums to 1.

    `inputs` (n_x, D) float32 are the distinct items, standardised as those of the data set; row i of `p_xy` is theirs.
    """

    p_xy: np.ndarray
    inputs: np.ndarray


@dataclass(frozen=True)
class Gaussian:
    """A known Gaussian distribution behind a data set: covariances of its standardised inputs and of its target."""

    cov_x: np.ndarray
    cov_xy: np.ndarray
    cov_y: np.ndarray


@dataclass(frozen=True)
class DataSet:
    """Items with a label and named factors, split once and for all.

    Attributes:
        inputs: (N, D) float32, standardised by one mean and one deviation over all columns of the training items.
        label: (N,) int64, 0 … classes − 1.
        factors: name → (N,) int64, the label's own factor among them.
        classes: name of each factor → the names of its values, in order.
        label_name: which factor the label is.
        input_shape: shape of one item, (height, width[, channels]) for pictures.
        train, test: indices of the items of each split; no item in both.
        offset, scale: original value = inputs · scale + offset.
        value_range: lowest and highest original value, for drawing.
        title: how the data set is called on screen.
        target: (N, Dy) float32, a continuous Y; `label` is then a coarse reading of it, for colours and probes.
        known: the distribution that the items were drawn from, where it is known.
        features: of a table, the name of each column with its unit; () for pictures and vectors.
        feature_offset, feature_scale: (D,), of a table, whose columns are standardised each by itself: original value
            = inputs · feature_scale + feature_offset, and `offset` and `scale` are 0 and 1.
        texts: the sentence that each item is, where the items are sentences.
        parts: (N, words, D) float32, by how much the inputs of an item change when that word of its text (split at
            spaces) is replaced by the mean of the words that stand in its place; 0 beyond the last word.
        heads: where Y is several factors at once, the weight of each; `label` is then the number of the combination,
            and no factor.
        combinations: (combinations, heads), the value of each of these factors in every combination that occurs.
    """

    inputs: np.ndarray
    label: np.ndarray
    factors: dict[str, np.ndarray]
    classes: dict[str, tuple[str, ...]]
    label_name: str
    input_shape: tuple[int, ...]
    train: np.ndarray
    test: np.ndarray
    offset: float = 0.0
    scale: float = 1.0
    value_range: tuple[float, float] = (0.0, 1.0)
    title: str = field(default="")
    target: np.ndarray | None = None
    known: Joint | Gaussian | None = None
    features: tuple[str, ...] = ()
    feature_offset: np.ndarray | None = None
    feature_scale: np.ndarray | None = None
    texts: tuple[str, ...] | None = None
    parts: np.ndarray | None = None
    heads: Mapping[str, float] = field(default_factory=dict)
    combinations: np.ndarray | None = None

    @property
    def label_classes(self) -> tuple[str, ...]:
        """Names of the label's values, in the order of its integers."""
        return self.classes[self.label_name]

    def labelled_by(self, factor: str | None) -> "DataSet":
        """The same items with another factor as the label; None keeps the data set's own.

        A continuous target and what is known of it belong to the data set's own label, and go with it.

        Raises:
            UnknownName: where the data set has no such factor.
        """
        if factor is None or factor == self.label_name:
            return self
        if factor == SHUFFLED and SHUFFLED not in self.factors:
            return self._with_shuffled_labels().labelled_by(SHUFFLED)
        if factor not in self.factors:
            raise unknown("factor", factor, self.factors)
        return replace(self, label=self.factors[factor], label_name=factor, target=None, known=None)

    def weighted_by(self, weights: Mapping[str, float]) -> "DataSet":
        """The same items with all these factors together as the label; none keeps the label as it is.

        Raises:
            UnknownName: for a factor that the data set does not have.
        """
        if not weights:
            return self
        for name in weights:
            if name not in self.factors:
                raise unknown("factor", name, self.factors)
        heads = {name: weights[name] for name in self.factors if name in weights}
        values = np.stack([self.factors[name] for name in heads], axis=1)
        found, label = np.unique(values, axis=0, return_inverse=True)
        names = [self.classes[name] for name in heads]
        words = tuple(", ".join(each[i] for each, i in zip(names, row, strict=True)) for row in found)
        called = " + ".join(heads)
        return replace(
            self, label=label.ravel().astype(np.int64), label_name=called, classes=self.classes | {called: words},
            heads=heads, combinations=found, target=None, known=None,
        )  # fmt: skip

    def _with_shuffled_labels(self) -> "DataSet":
        """A further factor, that owes nothing to the items: their own labels, dealt out anew."""
        dealt = np.random.default_rng(SHUFFLE_SEED).permutation(self.label)
        named = {SHUFFLED: self.label_classes}
        return replace(self, factors=self.factors | {SHUFFLED: dealt}, classes=self.classes | named)


def names() -> tuple[str, ...]:
    """Every data set that `load` knows."""
    return registry.names("datasets")


def defaults(name: str) -> dict[str, Any]:
    """The fields of a SweepConfig that suit this data set better than the program's defaults, by name.

    A module says them as DEFAULTS. The pages begin with them; SweepConfig itself does not know them.
    """
    return dict(getattr(registry.module("datasets", name), "DEFAULTS", {}))


def factors(name: str, options: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The factors that can be the label of this data set, its own label first, without loading its items.

    A module says them as FACTORS or, where they depend on the options, as a function `factors(**options)`.

    Raises:
        UnknownName: where there is no such data set.
        DistillError: where the options do not say what the factors are (a table's file that cannot be read).
    """
    module = registry.module("datasets", name)
    found = module.factors(**(options or {})) if hasattr(module, "factors") else module.FACTORS
    return tuple(found)


def load(name: str, label: str | None = None, weights: Mapping[str, float] | None = None, **options: object) -> DataSet:
    """The data set called `name`, labelled by the factor `label` (None: its own), or by all those of `weights`.

    Raises:
        UnknownName: for a data set or a factor that does not exist.
        InvalidValue: for an option that the data set does not take.
    """
    return registry.made("datasets", name, options).labelled_by(label).weighted_by(weights or {})


def standardised(raw: np.ndarray, train: np.ndarray) -> dict[str, object]:
    """The fields `inputs`, `offset` and `scale` of a DataSet, from raw values (N, …) and the training indices."""
    flat = raw.reshape(len(raw), -1).astype(np.float64)
    offset, scale = float(flat[train].mean()), float(flat[train].std())
    return {"inputs": ((flat - offset) / scale).astype(np.float32), "offset": offset, "scale": scale}


def split(labels: np.ndarray, share_of_test: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(train, test) indices, sorted; every class gives the same share of its items to the test split."""
    rng = np.random.default_rng(seed)
    test = []
    for value in np.unique(labels):
        items = rng.permutation(np.flatnonzero(labels == value))
        test.append(items[: round(share_of_test * len(items))])
    chosen = np.sort(np.concatenate(test))
    return np.setdiff1d(np.arange(len(labels)), chosen), chosen
