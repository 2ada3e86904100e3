"""A table in memory: columns of numbers or of text, and where each of its rows stands in the file."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np

from distill.errors import UnknownName, unknown

MOST_LISTED = 12  # columns named in a sentence


@dataclass(frozen=True)
class Column:
    """One column of N rows.

    Attributes:
        numbers: (N,) float64, NaN where no number stands; None for a column of text.
        words: (N,) the text of each row, "" where nothing stands; None for a column of nothing but numbers.
        stray: the rows in which text stands among numbers.
    """

    name: str
    numbers: np.ndarray | None
    words: np.ndarray | None
    stray: tuple[int, ...] = ()

    @cached_property
    def missing(self) -> np.ndarray:
        """(N,) whether nothing stands in a row."""
        return np.isnan(self.numbers) if self.words is None else self.words == ""

    def texts(self, rows: np.ndarray) -> list[str]:
        """What stands in some rows, as text; whole numbers without a point."""
        if self.words is not None:
            return self.words[rows].tolist()
        return [f"{value:.10g}" for value in self.numbers[rows].tolist()]

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(np.unique((self.numbers if self.words is None else self.words.astype(str))[~self.missing]))


@dataclass(frozen=True)
class Table:
    """The columns of a file.

    Attributes:
        lines: (N,) where each row stands in the file: its line, counted from 1, or its row; `place` says which.
        unread: columns that are neither numbers nor text, by what they are.
    """

    columns: tuple[Column, ...]
    lines: np.ndarray
    place: str
    unread: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in their order."""
        return tuple(each.name for each in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; raises UnknownName where there is none."""
        for each in self.columns:
            if each.name == name:
                return each
        if len(self.names) <= MOST_LISTED:
            raise unknown("column", name, self.names)
        near = get_close_matches(name, self.names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UnknownName(f"none of this table's {len(self.names)} columns is called {name!r}{hint}")

    def at(self, row: int) -> str:
        """Where a row stands, in words."""
        return f"{self.place} {self.lines[row]}"
