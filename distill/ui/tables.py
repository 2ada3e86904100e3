"""Joint tables that a person writes: names and numbers, checked, and as the short text that stands in a link."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distill.errors import InvalidValue

MOST_ROWS, MOST_COLUMNS, MOST_TEXT, MOST_DIRECTIONS = 24, 12, 4000, 8  # the largest table still fits into a link
NAME = re.compile(r"[^\s,:~][^,:~\n]{0,15}")


@dataclass(frozen=True)
class Table:
    """Counts or probabilities `values` (rows of x, columns of y), none below 0, with a name for each row and column.

    Raises:
        InvalidValue: naming the cell, or the name, that is not allowed.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        for names, kind, most in ((self.x, "row", MOST_ROWS), (self.y, "column", MOST_COLUMNS)):
            _check_names(names, kind, most)
        if len(self.values) != len(self.x) or any(len(row) != len(self.y) for row in self.values):
            raise InvalidValue(f"each of the {len(self.x)} rows must have {len(self.y)} numbers, one for each column")
        for name, row in zip(self.x, self.values, strict=True):
            for column, value in zip(self.y, row, strict=True):
                if not (math.isfinite(value) and value >= 0):
                    was = "empty" if math.isnan(value) else f"{value:g}"
                    raise InvalidValue(f"row '{name}', column '{column}' is {was}; it must be a number ≥ 0")
        if not 0 < sum(map(sum, self.values)) < math.inf:
            raise InvalidValue("the table holds only zeros; at least one cell must be above 0")

    @property
    def array(self) -> np.ndarray:
        """The values, (x, y) float64."""
        return np.array(self.values, dtype=float)


def _check_names(names: Sequence[str], kind: str, most: int) -> None:
    if not 2 <= len(names) <= most:
        raise InvalidValue(f"a table has 2 to {most} {kind}s; this one has {len(names)}")
    for i, name in enumerate(names):
        if not NAME.fullmatch(name):
            raise InvalidValue(f"'{name[:40]}' cannot name a {kind}: 1 to 16 characters, without , : or ~")
        if name in names[:i]:
            raise InvalidValue(f"two {kind}s are called '{name}'; each needs a name of its own")


def written(table: Table) -> str:
    """The table as one line of text, which `read` reads back, to six digits."""
    rows = [",".join(f"{value:.6g}" for value in row) for row in table.values]
    return "~".join([",".join(table.y), *(f"{name}:{row}" for name, row in zip(table.x, rows, strict=True))])


def read(text: str) -> Table:
    """The table of a preset's name, or that `written` wrote.

    Raises:
        InvalidValue: for a text that is neither.
    """
    if text in PRESETS:
        return PRESETS[text]
    head, *rows = text[: MOST_TEXT + 1].split("~")
    parts = [row.split(":") for row in rows]
    if len(text) > MOST_TEXT or not rows or any(len(part) != 2 for part in parts):
        raise InvalidValue(f"table = {text[:40]} in the link is neither a table nor one of {', '.join(PRESETS)}")
    values = tuple(tuple(_number(cell) for cell in cells.split(",")) for _, cells in parts)
    return Table(tuple(name for name, _ in parts), tuple(head.split(",")), values)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidValue(f"'{text[:20]}' in the link's table is not a number") from None


def correlations(text: str) -> tuple[float, ...]:
    """The correlations that a person writes, commas or spaces between; largest first.

    Raises:
        InvalidValue: for what is no list of 1 to 8 numbers from 0.01 to 0.999.
    """
    allowed = f"correlations are 1 to {MOST_DIRECTIONS} numbers from 0.01 to 0.999, as in 0.9, 0.6"
    try:
        found = tuple(float(part) for part in text[:200].replace(",", " ").split())
    except ValueError:
        found = ()
    if not 1 <= len(found) <= MOST_DIRECTIONS or not all(0.01 <= rho <= 0.999 for rho in found):
        raise InvalidValue(f"{allowed}; got '{text[:60]}'")
    return tuple(sorted(found, reverse=True))


def _noisy(rows: Sequence[int], counts: Sequence[int], noise: float) -> tuple[tuple[float, ...], ...]:
    """Counts of items whose label is `rows`, of which a share `noise` has one of the two others instead."""
    shares = (1 - noise, noise / 2)
    return tuple(
        tuple(round(count * shares[label != y], 4) for y in range(3)) for label, count in zip(rows, counts, strict=True)
    )


_SIX, _LABELS, _OF, _COUNTS = tuple("abcdef"), ("red", "green", "blue"), (0, 0, 0, 1, 1, 2), (20, 15, 10, 20, 15, 20)
PRESETS = {
    "four": Table(
        tuple("abcd"), tuple("uvw"), ((0.30, 0.05, 0.02), (0.04, 0.20, 0.03), (0.02, 0.04, 0.18), (0.05, 0.03, 0.04))
    ),
    "channel": Table(("sent 0", "sent 1"), ("got 0", "got 1"), ((0.45, 0.05), (0.05, 0.45))),
    "labels": Table(_SIX, _LABELS, _noisy(_OF, _COUNTS, 0.0)),
    "noise": Table(_SIX, _LABELS, _noisy(_OF, _COUNTS, 0.1)),
    "rare": Table(("common", "rare"), ("no", "yes"), ((0.9215, 0.0285), (0.015, 0.035))),
}  # fmt: skip
TITLES = {
    "four": "Four items, three labels",
    "channel": "Binary symmetric channel, 10 % flips",
    "labels": "Deterministic labels",
    "noise": "The same labels, 10 % wrong",
    "rare": "A rare telling item (hysteresis)",
}
