"""What the learned coder sees of a symbol that it is about to send: those around it that were sent before."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from distill.errors import InvalidValue

FULL = 255  # of the network's whole numbers one: a value at the top of its alphabet, a mark that is set
MARKS = 3  # numbers for each neighbour in a picture: its value, whether it is 0, whether it is the highest
PLACES = 5  # numbers for the place in a picture: y, x, y², x², y·x on [−1, 1]
MOST_LANES, LANE = 256, 1024  # a stream is cut into lanes of at least so many symbols, read side by side


@dataclass(frozen=True)
class Sight:
    """Which symbols are seen, and in which order they are sent.

    A picture is sent row by row, and its pixel sees the `context` nearest of those above it and to its left, and its
    own place. A symbol of a stream sees the `context` last ones. What lies outside is a symbol of its own, `alphabet`.

    Attributes:
        alphabet: A, the number of values that a symbol may have.
        shape: (height, width) of a picture; () for a stream.
        context: number of symbols that are seen.
    """

    alphabet: int
    shape: tuple[int, ...]
    context: int

    @cached_property
    def offsets(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) from a symbol to those that are seen, nearest first; of a stream the row is 0."""
        if not self.shape:
            return tuple((0, -lag) for lag in range(1, self.context + 1))
        reach = math.isqrt(self.context) + 2  # far enough for as many as are asked for
        every = [(y, x) for y in range(-reach, 1) for x in range(-reach, reach + 1) if (y, x) < (0, 0)]
        return tuple(sorted(every, key=lambda at: (at[0] ** 2 + at[1] ** 2, -at[0], abs(at[1]), at[1]))[: self.context])

    @property
    def margin(self) -> int:
        """Cells around a lane that are never sent."""
        return max(max(-y, abs(x)) for y, x in self.offsets)

    @cached_property
    def places(self) -> np.ndarray:
        """(symbols of a picture, 5): the place in it, whole numbers of −255 … 255; (1, 0) for a stream."""
        if not self.shape:
            return np.zeros((1, 0))
        y, x = (2 * at / max(size - 1, 1) - 1 for at, size in zip(np.indices(self.shape), self.shape, strict=True))
        return np.rint(FULL * np.stack([y, x, y * y, x * x, y * x], -1).reshape(-1, PLACES))

    @cached_property
    def marks(self) -> np.ndarray:
        """(A + 1, 3): what is seen of a neighbour in a picture, for each value; zeros for what lies outside."""
        values = np.arange(self.alphabet)
        seen = np.rint(FULL * values / max(self.alphabet - 1, 1)), FULL * (values == 0), FULL * (values == values[-1])
        return np.concatenate([np.stack(seen, -1), np.zeros((1, MARKS))])

    def lanes(self, count: int) -> tuple[int, int]:
        """(lanes, their length) of `count` symbols; the last lane of a stream may be shorter.

        Raises:
            InvalidValue: where `count` symbols are not a whole number of pictures.
        """
        if not self.shape:
            length = max(1, -(-count // min(MOST_LANES, max(1, count // LANE))))
            return -(-count // length), length
        if count % math.prod(self.shape):
            raise InvalidValue(f"pictures of {math.prod(self.shape)} symbols each are sent whole; got {count} symbols")
        return count // math.prod(self.shape), math.prod(self.shape)


class Canvas:
    """Lanes of symbols as they are known so far, with a margin of what lies outside."""

    def __init__(self, sight: Sight, count: int) -> None:
        self.sight, self.count = sight, count
        self.lanes, self.length = sight.lanes(count)
        height, width = sight.shape or (1, self.length)
        above = sight.margin if sight.shape else 0
        across = width + sight.margin * (2 if sight.shape else 1)
        rows, columns = np.divmod(np.arange(self.length), width)
        self.cells = (above + rows) * across + sight.margin + columns  # of a lane, in the order of sending
        self.size = (above + height) * across
        self.flat = np.full(self.lanes * self.size, sight.alphabet, np.int16)
        self.steps = np.array([y * across + x for y, x in sight.offsets])

    def active(self, t: int) -> int:
        """Lanes that have a symbol number `t`: the first so many."""
        return -(-(self.count - t) // self.length)

    def order(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """(lane, number in its lane) of the symbols that are sent at the times start … stop − 1."""
        pairs = [(np.arange(self.active(t)), t) for t in range(start, stop)]
        lanes = [lane for lane, _ in pairs]
        return np.concatenate(lanes), np.repeat([t for _, t in pairs], [len(lane) for lane in lanes])

    def fill(self, symbols: np.ndarray) -> None:
        """Everything at once: `symbols` (count,) in the order of the source, lane after lane."""
        lane, t = np.divmod(np.arange(self.count), self.length)
        self.write(lane, t, symbols)

    def write(self, lane: np.ndarray, t: np.ndarray, symbols: np.ndarray) -> None:
        """Put symbols in their places."""
        self.flat[lane * self.size + self.cells[t]] = symbols

    def read(self) -> np.ndarray:
        """(count,) uint8, the symbols in the order of the source."""
        lane, t = np.divmod(np.arange(self.count), self.length)
        return self.symbols(lane, t).astype(np.uint8)

    def symbols(self, lane: np.ndarray, t: np.ndarray) -> np.ndarray:
        """(n,) the symbols in these places."""
        return self.flat[lane * self.size + self.cells[t]]

    def contexts(self, lane: np.ndarray, t: np.ndarray) -> np.ndarray:
        """(n, context) int16, what is seen from these places, nearest first."""
        return self.flat[(lane * self.size + self.cells[t])[:, None] + self.steps]
