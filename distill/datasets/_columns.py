"""What tables share: columns standardised each by itself, values as classes, thirds, a split that has every class."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

SHARE_OF_TEST, MOST_OF_TEST, ENOUGH = 0.25, 0.4, 130  # shares of the items; items that probes can be fitted on
THIRDS = ("low", "middle", "high")


def by_column(raw: np.ndarray, train: np.ndarray) -> dict[str, Any]:
    """The fields `inputs`, `feature_offset`, `feature_scale` and `value_range` of a DataSet, from raw values (N, D).

    Each column is standardised by its own mean and deviation over the training items, so that grams do not drown
    millimetres; `value_range` is that of the standardised values. A column that is constant there has the scale 0.
    """
    values = raw.astype(np.float64)
    offset, scale = values[train].mean(0), values[train].std(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inputs = ((values - offset) / scale).astype(np.float32)
    reach = (float(inputs.min()), float(inputs.max()))
    return {"inputs": inputs, "feature_offset": offset, "feature_scale": scale, "value_range": reach}


def coded(words: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """The number of each word's class, (N,) int64, and the classes: numbers by size, anything else by the alphabet."""
    found = set(words)
    try:
        classes = tuple(sorted(found, key=lambda word: (float(word), word)))  # "1" and "1.0" may be two texts
    except ValueError:
        classes = tuple(sorted(found, key=lambda word: (word.casefold(), word)))
    place = {word: number for number, word in enumerate(classes)}
    return np.array([place[word] for word in words], dtype=np.int64), classes


def in_thirds(values: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Which third of all values each lies in, (N,) int64; a third that ties leave empty is no class."""
    third = np.searchsorted(cuts(values), values, side="right")
    there, codes = np.unique(third, return_inverse=True)
    return codes.astype(np.int64), tuple(THIRDS[each] for each in there)


def cuts(values: np.ndarray) -> np.ndarray:
    """The two values at which the middle and the high third begin, (2,)."""
    return np.quantile(values, [1 / 3, 2 / 3])


def shown(names: Sequence[str], most: int, ending: str = "") -> tuple[str, ...]:
    """Names as figures can bear them: at most `most` letters, all different, nothing that reads as a tag.

    A name that is cut keeps its `ending`, if it has it.
    """
    found: list[str] = []
    for name in names:
        plain = re.sub(r"<([^<>]*)>", r"‹\1›", name)
        tail = ending if ending and plain.endswith(ending) else ""
        number, short = 1, _cut(plain, tail, most)
        while short in found:
            number += 1
            short = _cut(plain, f"{tail} {number}", most) if len(plain) > most else f"{plain} {number}"
        found.append(short)
    return tuple(found)


def _cut(name: str, tail: str, most: int) -> str:
    if len(name) <= most and name.endswith(tail):
        return name
    head = name.removesuffix(tail)[: most - 1 - len(tail)].rstrip(" _-,.(")
    return f"{head}…{tail}"


def split_of_all(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(train, test) indices, sorted: every class has the same share of its items in each, and at least one of two.

    A quarter is tested, and of fewer than 520 items up to two fifths: probes are fitted within the test items, and on
    83 penguins they found half as much of a bird's sex in the four measurements as on 133.
    """
    rng = np.random.default_rng(0)
    share = min(MOST_OF_TEST, max(SHARE_OF_TEST, ENOUGH / len(labels)))
    test = []
    for value in np.unique(labels):
        items = rng.permutation(np.flatnonzero(labels == value))
        test.append(items[: min(max(1, round(share * len(items))), len(items) - 1)])
    chosen = np.sort(np.concatenate(test))
    return np.setdiff1d(np.arange(len(labels)), chosen), chosen
