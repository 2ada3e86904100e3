"""Whole numbers of quantised tensors as bytes: a range coder writes them by how often each occurs in its tensor.

The frequencies are the model, and they stand in the file (a two-part code, Rissanen 1978): for each tensor the most
frequent value by itself, as zero is in a pruned one, then counts of all others in cells of 2^b values; within a cell
all are equally likely. b is what makes the file shortest: 0, the order-0 model, where many weights share each value.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distill.coding import adaptive
from distill.coding._sealed import Reader, number, seal, unseal
from distill.coding._words import reading, shortest
from distill.errors import InvalidValue
from distill.measures.entropies import entropy_bits as bits_of_each

if TYPE_CHECKING:
    from constriction.stream.queue import RangeDecoder, RangeEncoder

MARK = b"QW\x01"  # the last byte is the version
SCALE_BITS = 32  # the step of a tensor as float32, beside its whole numbers
DIGIT = 12  # bits that are written at once where all values are equally likely
MOST_CELLS = 16  # log2 of the counts of a tensor
WIDEST = 2**40  # values may lie this far apart
MOST_VALUES, MOST_DIMENSIONS = 2**27, 32  # of a tensor


class Header(NamedTuple):
    """What stands before the coded values of a tensor of n ≥ 1 values.

    Attributes:
        shape: of the tensor.
        low, span: the lowest value, and how many there are up to the highest.
        peak, peaks: the most frequent value less `low`, and how often it occurs.
        cell: b, the log2 of the values in a cell.
    """

    shape: tuple[int, ...]
    low: int
    span: int
    peak: int
    peaks: int
    cell: int

    @property
    def others(self) -> int:
        """Values that are not the most frequent one."""
        return math.prod(self.shape) - self.peaks

    @property
    def cells(self) -> int:
        """How many counts there are."""
        return -(-self.span // 2**self.cell)


def encode_tensors(tensors: Sequence[np.ndarray]) -> bytes:
    """A file of tensors of whole numbers of any shape; `decode_tensors` gives them back.

    Raises:
        InvalidValue: for a tensor that does not hold whole numbers, or more than 2^27 of them, or whose values lie
            2^40 or more apart.
    """
    from constriction import stream

    encoder, body = stream.queue.RangeEncoder(), bytearray(number(len(tensors)))
    for each in map(_checked, tensors):
        body += number(each.ndim) + b"".join(map(number, each.shape))
        if each.size:
            body += _write(encoder, each)
    return seal(MARK, bytes(body) + shortest(encoder))


def decode_tensors(blob: bytes) -> list[np.ndarray]:
    """The tensors, int64.

    Raises:
        InvalidValue: for anything that `encode_tensors` did not write, cut off and damaged files among them.
    """
    reader = Reader(unseal(MARK, blob, "file of coded weights"))
    headers = [_read_header(reader) for _ in range(reader.number())]
    decoder = reading(reader.rest())
    try:
        return [_read(decoder, each) if math.prod(each.shape) else np.zeros(each.shape, np.int64) for each in headers]
    except (AssertionError, ValueError, OverflowError):  # of constriction and numpy, where the parts do not fit
        raise InvalidValue("this file of coded weights holds what no coder has written") from None


def coded_size(tensors: Sequence[np.ndarray]) -> int:
    """Bytes of `encode_tensors`."""
    return len(encode_tensors(tensors))


def entropy_bits(tensors: Sequence[np.ndarray]) -> float:
    """Σ over tensors of size × order-0 entropy of its values, and 32 bits for the step of each, bits.

    What an order-0 coder would need that knew the frequencies for nothing; not a lower bound on descriptions of the
    tensors, since other models may know more.
    """
    return float(sum(each.size * bits_of_each(each.ravel()) if each.size else 0.0 for each in tensors)) + (
        SCALE_BITS * len(tensors)
    )


def _checked(tensor: np.ndarray) -> np.ndarray:
    found = np.asarray(tensor)
    if found.dtype.kind not in "iub":
        raise InvalidValue(f"a tensor to be coded must hold whole numbers; got {found.dtype}")
    if found.size > MOST_VALUES:
        raise InvalidValue(f"a tensor of {found.size:,} values is too large; one has at most {MOST_VALUES:,}")
    if found.size and int(found.max()) - int(found.min()) >= WIDEST:
        raise InvalidValue(f"values from {found.min()} to {found.max()} lie too far apart; at most {WIDEST - 1:,} are")
    return found


def _write(encoder: "RangeEncoder", tensor: np.ndarray) -> bytes:
    """Codes the values of a tensor; the header that says how."""
    from constriction import stream

    low, span = int(tensor.min()), int(tensor.max()) - int(tensor.min()) + 1
    values = (tensor.ravel() - low).astype(np.int64)
    distinct, counts = np.unique(values, return_counts=True)
    peak, peaks = int(distinct[counts.argmax()]), int(counts.max())
    rest = values[values != peak]
    cell, cells = _cells(rest, span)
    if len(rest):
        shares = _shares([peaks, len(rest)])
        encoder.encode((values != peak).astype(np.int32), stream.model.Categorical(shares, perfect=False))
        _write_counts(encoder, cells)
        _write_even(encoder, rest & (2**cell - 1), cell)
        if len(cells) > 1:
            model = stream.model.Categorical(_shares(cells), perfect=False)
            encoder.encode((rest >> cell).astype(np.int32), model)
    sign = 2 * low if low >= 0 else -2 * low - 1
    return b"".join(map(number, (sign, span, peak, peaks, cell)))


def _read_header(reader: Reader) -> Header:
    """Raises InvalidValue for what no tensor is: a header says how much memory its tensor will need."""
    dimensions = reader.number()
    shape = tuple(reader.number() for _ in range(min(dimensions, MOST_DIMENSIONS + 1)))
    if len(shape) > MOST_DIMENSIONS or math.prod(max(each, 1) for each in shape) > MOST_VALUES:
        raise InvalidValue(f"this file of coded weights names a tensor of the shape {shape}, which is too large")
    if not math.prod(shape):
        return Header(shape, 0, 0, 0, 0, 0)
    sign, *more = (reader.number() for _ in range(5))
    found = Header(shape, -(sign + 1) // 2 if sign % 2 else sign // 2, *more)
    fits = 0 < found.peaks <= math.prod(shape) and found.peak < found.span <= WIDEST
    # the exponent first: 2 to the power of what a damaged file names would itself take all memory
    if not (fits and found.cell < WIDEST.bit_length() and found.cells <= 2**MOST_CELLS):
        raise InvalidValue("this file of coded weights holds what no coder has written")
    return found


def _read(decoder: "RangeDecoder", header: Header) -> np.ndarray:
    from constriction import stream

    values = np.full(math.prod(header.shape), header.peak, np.int64)
    if header.others:
        shares = _shares([header.peaks, header.others])
        other = decoder.decode(stream.model.Categorical(shares, perfect=False), len(values)).astype(bool)
        cells = _read_counts(decoder, header.cells)
        rest = _read_even(decoder, header.others, header.cell)
        if len(cells) > 1:
            model = stream.model.Categorical(_shares(cells), perfect=False)
            rest = rest + (decoder.decode(model, header.others).astype(np.int64) << header.cell)
        values[other] = rest
    return values.reshape(header.shape) + header.low


def _cells(values: np.ndarray, span: int) -> tuple[int, np.ndarray]:
    """b and the counts of the cells with which `values` (n,), 0 … span − 1, and the counts take the fewest bits."""
    first = max(0, (span - 1).bit_length() - MOST_CELLS)
    counts = np.bincount(values >> first, minlength=-(-span // 2**first))
    best, found = math.inf, (first, counts)
    for cell in range(first, (span - 1).bit_length() + 1):
        bits = _bits(counts) + cell * len(values)
        if bits < best:
            best, found = bits, (cell, counts)
        counts = np.add.reduceat(counts, np.arange(0, len(counts), 2))
    return found


def _bits(counts: np.ndarray) -> float:
    """What the counts and the cells of all values take, bits."""
    lengths = _lengths(counts)
    told = (
        adaptive.ideal_bits(lengths.tobytes(), 1, int(lengths.max()) + 1) + np.maximum(lengths.astype(int) - 1, 0).sum()
    )
    some = counts[counts > 0]
    return float(told - (some * np.log2(some / some.sum())).sum())


def _write_counts(encoder: "RangeEncoder", counts: np.ndarray) -> None:
    """Counts: how many binary digits each has, by an adaptive coder of order 1, then the digits after the first."""
    lengths = _lengths(counts)
    _write_even(encoder, lengths.max(keepdims=True).astype(np.int64), 6)
    adaptive.write(encoder, lengths.astype(np.int64), 1, int(lengths.max()) + 1)
    for length in range(2, int(lengths.max()) + 1):
        _write_even(encoder, counts[lengths == length] - 2 ** (length - 1), length - 1)


def _read_counts(decoder: "RangeDecoder", cells: int) -> np.ndarray:
    most = int(_read_even(decoder, 1, 6)[0])
    lengths = adaptive.read(decoder, cells, 1, most + 1)
    counts = (lengths == 1).astype(np.int64)
    for length in range(2, most + 1):
        here = lengths == length
        counts[here] = _read_even(decoder, int(here.sum()), length - 1) + 2 ** (length - 1)
    return counts


def _lengths(counts: np.ndarray) -> np.ndarray:
    """(cells,) uint8, the binary digits of each count, 0 of 0."""
    return np.frexp(counts.astype(np.float64))[1].astype(np.uint8)


def _write_even(encoder: "RangeEncoder", values: np.ndarray, bits: int) -> None:
    """Values (n,) of 0 … 2^bits − 1, all as likely: `bits` bits each."""
    from constriction import stream

    for digit in range(0, bits, DIGIT):
        size = 2 ** min(DIGIT, bits - digit)
        encoder.encode((values >> digit & size - 1).astype(np.int32), stream.model.Uniform(size))


def _read_even(decoder: "RangeDecoder", count: int, bits: int) -> np.ndarray:
    from constriction import stream

    found = np.zeros(count, np.int64)
    for digit in range(0, bits, DIGIT):
        size = 2 ** min(DIGIT, bits - digit)
        found += decoder.decode(stream.model.Uniform(size), count).astype(np.int64) << digit
    return found


def _shares(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.asarray(counts, dtype=np.float32)
