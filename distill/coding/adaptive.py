"""Adaptive coders of order k: they count as they go, so that what they write needs no model beside it.

After n symbols in a context, of which n_a were a, the next is a with probability (n_a + ½) / (n + A/2) (Krichevsky &
Trofimov 1981); a range coder writes the symbols with these. The reader counts the same, one symbol behind.
"""

from typing import TYPE_CHECKING

import numpy as np

from distill.coding._sealed import Reader, number, seal, unseal
from distill.coding._words import reading, shortest
from distill.coding.entropies import check_order, contexts, pairs
from distill.errors import InvalidValue

if TYPE_CHECKING:
    from constriction.stream.queue import RangeDecoder, RangeEncoder

MARK = b"KT\x01"  # the last byte is the version
BELOW, LISTED, MAP = range(3)  # how the alphabet is written: all below a number, one by one, or a bit for each
LONGEST = 2**23 - 1  # symbols: up to here float32 holds every count and a half exactly
MOST_COUNTS = 2**27  # counts of all contexts at once
CHUNK = 2**20  # probabilities at once
PRIOR = np.float32(0.5)


def encode(data: bytes, order: int, alphabet: int | None = None) -> bytes:
    """A file of `data`, each byte a symbol, as long as −Σ log2 p(a | the `order` before it) and a header.

    Args:
        data: at most 8,388,607 bytes.
        order: 0 … 7, how many symbols are looked back.
        alphabet: A, all bytes being below it; None: those that occur, which are written at the beginning.

    Raises:
        InvalidValue: for what is too long, another order, a byte outside the alphabet, and where there are more
            contexts than fit in memory.
    """
    from constriction import stream

    symbols, values = _ranked(data, order, alphabet)
    encoder = stream.queue.RangeEncoder()
    write(encoder, symbols, order, len(values))
    return seal(MARK, number(order) + number(len(data)) + _described(values) + shortest(encoder))


def decode(blob: bytes) -> bytes:
    """What `encode` was given.

    Raises:
        InvalidValue: for anything that it did not write, cut off and damaged files among them.
    """
    reader = Reader(unseal(MARK, blob, "file of an adaptive coder"))
    order, count = reader.number(), reader.number()
    if count > LONGEST:
        raise InvalidValue(f"this file names {count:,} symbols; one holds at most {LONGEST:,}")
    values = _read_values(reader)
    try:
        return values[read(reading(reader.rest()), count, order, len(values))].tobytes()
    except AssertionError:  # the range coder's own word for bytes that no writer can have made
        raise InvalidValue("this file of an adaptive coder holds what no coder has written") from None


def ideal_bits(data: bytes, order: int, alphabet: int | None = None) -> float:
    """−Σ log2 p of all symbols, bits: what a perfect coder would write, without any header.

    The order of the symbols in a context does not matter, so it is Σ_c log2 [Γ(n_c + A/2) Γ(½)^A / (Γ(A/2)
    Π_a Γ(n_ca + ½))]. It is at least n times the plug-in entropy, and above it by about (A − 1)/2 log2 n bits for each
    context. Arguments and errors are those of `encode`.
    """
    from scipy.special import gammaln

    symbols, values = _ranked(data, order, alphabet)
    if not len(symbols):
        return 0.0
    half = len(values) / 2
    context, _, count = pairs(symbols, order, len(values))
    whole = np.bincount(context, weights=count)
    nats = (gammaln(whole + half) - gammaln(half)).sum() - (gammaln(count + 0.5) - gammaln(0.5)).sum()
    return float(nats / np.log(2))


class Counts:
    """n_a + ½ of all symbols in each context, as the range coder takes them: it makes them sum to 1 itself."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.rows: dict[int, np.ndarray] = {}

    def begun(self, context: int) -> np.ndarray:
        """The counts (size,) of a context that has not occurred before.

        Raises:
            InvalidValue: where the counts of all contexts would no longer fit in memory.
        """
        if len(self.rows) * self.size >= MOST_COUNTS:
            text = f"more than {len(self.rows):,} contexts of {self.size} symbols each are too many to count"
            raise InvalidValue(f"{text}; choose a lower order")
        row = self.rows[context] = np.full(self.size, PRIOR)
        return row


def write(encoder: "RangeEncoder", symbols: np.ndarray, order: int, size: int) -> None:
    """Adds symbols (n,), whole numbers below `size`, to what an encoder has written."""
    from constriction import stream

    if size < 2:
        return  # there is nothing to say
    family, counts, step = stream.model.Categorical(perfect=False), Counts(size), max(1, CHUNK // size)
    known, context = counts.rows.get, contexts(symbols, order, size)
    for start in range(0, len(symbols), step):
        some = symbols[start : start + step]
        weights = np.empty((len(some), size), np.float32)
        for i, (place, symbol) in enumerate(zip(context[start : start + step].tolist(), some.tolist(), strict=True)):
            row = known(place)
            row = counts.begun(place) if row is None else row
            weights[i] = row
            row[symbol] += 1
        encoder.encode(some.astype(np.int32), family, weights)


def read(decoder: "RangeDecoder", count: int, order: int, size: int) -> np.ndarray:
    """(count,) int64, the symbols that `write` added with the same order and size."""
    from constriction import stream

    check_order(order)
    if size < 2:
        return np.zeros(count if size else 0, np.int64)
    model, take, counts = stream.model.Categorical, decoder.decode, Counts(size)
    known, base, many = counts.rows.get, size + 1, (size + 1) ** order
    context, found = many - 1, []  # nothing stands before the first symbol
    for _ in range(count):
        row = known(context)
        row = counts.begun(context) if row is None else row
        symbol = take(model(row, perfect=False, lazy=True))
        row[symbol] += 1
        found.append(symbol)
        context = (context * base + symbol) % many
    return np.array(found, np.int64)


def _ranked(data: bytes, order: int, alphabet: int | None) -> tuple[np.ndarray, np.ndarray]:
    """(n,) the place of each byte in the alphabet, and the alphabet (A,) uint8."""
    check_order(order)
    if len(data) > LONGEST:
        raise InvalidValue(f"{len(data):,} symbols are too many for an adaptive coder; it takes at most {LONGEST:,}")
    symbols = np.frombuffer(data, np.uint8)
    if alphabet is None:
        values = np.flatnonzero(np.bincount(symbols, minlength=1))
    else:
        values = np.arange(alphabet)
        if not 1 <= alphabet <= 256 or (len(symbols) and symbols.max() >= alphabet):
            most = f"; the highest here is {symbols.max()}" if len(symbols) else ""
            raise InvalidValue(f"the alphabet must be 1 to 256 and above all symbols; got {alphabet}{most}")
    table = np.zeros(256, np.int64)
    table[values] = np.arange(len(values))
    return table[symbols], values.astype(np.uint8)


def _described(values: np.ndarray) -> bytes:
    """The alphabet as bytes: it is at most 33 of them."""
    if np.array_equal(values, np.arange(len(values))):
        return bytes([BELOW]) + number(len(values))
    if len(values) < 32:
        return bytes([LISTED, len(values)]) + values.tobytes()
    return bytes([MAP]) + np.packbits(np.isin(np.arange(256), values)).tobytes()


def _read_values(reader: Reader) -> np.ndarray:
    (how,) = reader.bytes(1)
    if how == BELOW:
        return np.arange(min(reader.number(), 256), dtype=np.uint8)
    if how == LISTED:
        return np.frombuffer(reader.bytes(reader.number()), np.uint8)
    return np.flatnonzero(np.unpackbits(np.frombuffer(reader.bytes(32), np.uint8))).astype(np.uint8)
