"""Sources of symbols that are sent without loss: one file each, found by the registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from distill import registry

__all__ = ["Source", "defaults", "load", "names"]


@dataclass(frozen=True)
class Source:
    """Symbols to be sent, and others of the same kind to learn from; in a file each symbol is one byte.

    Attributes:
        title: what is sent, as it is called on screen.
        symbols: (n,) uint8, what is sent, item after item.
        training: (m,) uint8, what a model may learn from; never among what is sent.
        alphabet: A, the number of values that a symbol may have: all are below it.
        item: what one item is called ("picture", "letter", "byte", "symbol").
        item_symbols: symbols in an item; n and m are multiples of it.
        shape: (height, width) of an item that is a picture; () for a stream.
        entropy_rate: bits a symbol, where the source is known, else None; `entropy_note` says how it is known.
        label_bits: H(label), bits an item, where items have a label (log2 10 = 3.3 for digits): of all of them, though
            a run may send fewer.
        letters: what the symbols of a text are written as, in order; "" for others.
    """

    title: str
    symbols: np.ndarray
    training: np.ndarray
    alphabet: int
    item: str = "symbol"
    item_symbols: int = 1
    shape: tuple[int, ...] = ()
    entropy_rate: float | None = None
    entropy_note: str = ""
    label_bits: float | None = None
    letters: str = ""

    @property
    def items(self) -> int:
        """How many are sent."""
        return len(self.symbols) // self.item_symbols


def names() -> tuple[str, ...]:
    """Every source that `load` knows."""
    return registry.names("sources")


def defaults(name: str) -> dict[str, Any]:
    """The fields of a WallConfig that suit this source better than the program's defaults, by name.

    A module says them as DEFAULTS. The pages begin with them; WallConfig itself does not know them.
    """
    return dict(getattr(registry.module("sources", name), "DEFAULTS", {}))


def load(name: str, options: Mapping[str, Any] | None = None) -> Source:
    """The source called `name`.

    Raises:
        UnknownName: where there is none.
        InvalidValue: for an option that it does not take, and a value that the option does not allow.
    """
    return registry.made("sources", name, options or {})
