"""The learned lossless coder: a small network says how likely each next symbol is, a range coder writes it.

MacKay 2003, §6; Delétang et al. 2024. Writer and reader must agree on every probability to the last bit, whatever the
machine, its libraries and the number of symbols in a batch. So the network that is sent computes in whole numbers that
float64 holds exactly, sums of products in any order; all else is one rounded operation at a time, or out of a table.
"""

import binascii
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from distill.coding._sealed import Reader, number
from distill.coding._words import reading, shortest
from distill.coding.contexts import FULL, MARKS, PLACES, Canvas, Sight
from distill.coding.weights import decode_tensors, encode_tensors
from distill.errors import DistillError, InvalidValue

EMBEDDING = 8  # numbers that a symbol of a stream becomes
NAMES = ("embedding", "weight_1", "bias_1", "weight_2", "bias_2", "weight_3", "bias_3")
HIGHEST = 2.0**16  # of a hidden unit, so that sums of 512 products stay below 2⁵³
STEP = 1 / 256  # of the hidden units' values, and of the outputs, in bits
FINEST, LEAST = 24, 20 * 256  # of the likeliest symbol 2²⁴, of no symbol less than 2⁴: the coder counts to 2²⁴
CHUNK = 1 << 17  # probabilities at once
LONGEST = 2**23  # symbols of a file
MODEL, FILE = b"DN\x01", b"\xd1"  # what the two kinds of files begin with; the version is part of it
HEADER = struct.Struct("<3sBHHBHB")  # alphabet − 1, height, width, context, hidden units, tensors
OTHER = "it is damaged, or it was written with another network"


@dataclass(frozen=True)
class Network:
    """A network whose weights are whole numbers; softmax over A symbols, two hidden layers of ReLUs.

    h1 = relu(x W1 + b1), h2 = relu(h1 W2 + b2), q = 2^(h2 W3 + b3) / Σ. x are the embedded symbols of a stream's
    context, or the marks of a picture's neighbours and the pixel's place, in units of 1/255.

    Attributes:
        sight: what it sees.
        levels: the tensors of NAMES (but for the first, in pictures), whole numbers; weights are (inputs, outputs).
        scales: of each tensor; its weights are levels · scale. The last two are in bits.
    """

    sight: Sight
    levels: tuple[np.ndarray, ...]
    scales: tuple[float, ...]

    @cached_property
    def named(self) -> dict[str, tuple[np.ndarray, float]]:
        """Name → (levels, as float64; scale)."""
        values = zip((each.astype(np.float64) for each in self.levels), self.scales, strict=True)
        return dict(zip(NAMES[len(NAMES) - len(self.levels) :], values, strict=True))

    @cached_property
    def table(self) -> np.ndarray:
        """2^(24 − k/256), whole numbers, for k = 0 …"""
        return np.rint(np.exp2(FINEST - STEP * np.arange(LEAST + 1))).astype(np.float32)

    @cached_property
    def file(self) -> bytes:
        """Everything that a reader needs of the network, as it is sent; `load` reads it."""
        height, width = self.sight.shape or (0, 0)
        hidden = self.named["bias_1"][0].size
        head = HEADER.pack(MODEL, self.sight.alphabet - 1, height, width, self.sight.context, hidden, len(self.levels))
        return head + struct.pack(f"<{len(self.scales)}f", *self.scales) + encode_tensors(list(self.levels))

    @property
    def operations(self) -> float:
        """Multiplications and additions for a symbol, two for each weight of the three products."""
        return 2.0 * sum(self.named[name][0].size for name in ("weight_1", "weight_2", "weight_3"))

    def frequencies(self, contexts: np.ndarray, t: np.ndarray) -> np.ndarray:
        """(n, context) symbols seen, (n,) numbers in the lane → (n, A) float32, whole numbers ∝ q, each above 0."""
        here, unit = self._inputs(contexts, t)
        for i in (1, 2):
            reached = self._layer(i, here, unit)
            here, unit = np.rint(np.clip(reached, 0, HIGHEST) / STEP), STEP
        out = np.rint(self._layer(3, here, unit) / STEP)
        below = np.minimum(out.max(1, keepdims=True) - out, LEAST).astype(np.int64)
        return self.table[below]

    def _inputs(self, contexts: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, float]:
        """Whole numbers (n, D), and what one is worth."""
        if "embedding" in self.named:
            levels, scale = self.named["embedding"]
            return levels[contexts].reshape(len(contexts), -1), scale
        marks = self.sight.marks[contexts].reshape(len(contexts), -1)
        return np.concatenate([marks, self.sight.places[t]], 1), 1 / FULL

    def _layer(self, i: int, here: np.ndarray, unit: float) -> np.ndarray:
        (weight, scale), (bias, bias_scale) = self.named[f"weight_{i}"], self.named[f"bias_{i}"]
        return (here @ weight) * (scale * unit) + bias * bias_scale


def sizes(sight: Sight, width: int) -> dict[str, tuple[int, ...]]:
    """Name → shape of every tensor of a network; the embedding is that of streams."""
    across = MARKS * sight.context + PLACES if sight.shape else EMBEDDING * sight.context
    shapes = [
        (sight.alphabet + 1, EMBEDDING), (across, width), (width,), (width, width), (width,), (width, sight.alphabet),
        (sight.alphabet,),
    ]  # fmt: skip
    return dict(list(zip(NAMES, shapes, strict=True))[bool(sight.shape) :])


def load(blob: bytes) -> Network:
    """The network that `Network.file` wrote.

    Raises:
        DistillError: where the bytes are no such file, or one that is damaged so that it says no network. A scale that
            was changed is not noticed here: the network is another one then, whose files `decode` refuses.
    """
    damaged = DistillError("this file holds no network, or a damaged one")
    try:
        magic, alphabet, height, width, context, hidden, count = HEADER.unpack_from(blob)
        scales = struct.unpack_from(f"<{count}f", blob, HEADER.size)
        levels = decode_tensors(blob[HEADER.size + 4 * count :])
    except (struct.error, ValueError, DistillError):
        raise damaged from None
    possible = bool(height) == bool(width) and height * width <= LONGEST and context
    if magic != MODEL or not possible or not all(0 < each < math.inf for each in scales):
        raise damaged
    sight = Sight(alphabet + 1, (height, width) if height else (), context)
    if [each.shape for each in levels] != [*sizes(sight, hidden).values()]:
        raise damaged
    return Network(sight, tuple(levels), scales)


def quantised(sight: Sight, weights: dict[str, np.ndarray], bits: int) -> Network:
    """The network in whole numbers of `bits` bits: symmetric, uniform, each tensor scaled to its largest weight."""
    most, levels, scales = 2 ** (bits - 1) - 1, [], []
    for name, weight in weights.items():
        exact = weight.astype(np.float64) * (math.log2(math.e) if name in NAMES[-2:] else 1.0)  # 2^ for e^
        scale = float(np.float32(max(np.abs(exact).max(), 1e-12) / most))
        levels.append(np.rint(exact / scale).astype(np.int32))
        scales.append(scale)
    return Network(sight, tuple(levels), tuple(scales))


def ideal_bits(network: Network, symbols: np.ndarray) -> float:
    """−Σ log2 q(symbol | what was sent before) of all `symbols` (n,), bits: what the range coder is asked to write."""
    total = 0.0
    for found, values in _predicted(network, symbols):
        own = np.take_along_axis(found, values[:, None], 1)[:, 0]
        total += float((np.log2(found.sum(1, dtype=np.float64)) - np.log2(own)).sum())
    return total


def encode(network: Network, data: bytes) -> bytes:
    """A file of the symbols `data`, one a byte, in the order of the source; `decode` needs the same network.

    Header: one byte of kind and version, two checks of two bytes each, and the number of symbols. The first check is of
    the network and of all that follows it, the second of the symbols.

    Raises:
        InvalidValue: for a symbol outside the alphabet, pictures that are not whole, and more than 2²³ symbols.
    """
    from constriction import stream

    symbols = np.frombuffer(data, np.uint8)
    if len(symbols) > LONGEST:
        raise InvalidValue(f"{len(symbols):,} symbols are too many for one file; it takes at most {LONGEST:,}")
    if len(symbols) and symbols.max() >= network.sight.alphabet:
        raise InvalidValue(f"symbols must be below {network.sight.alphabet}; got {symbols.max()}")
    encoder, family = stream.queue.RangeEncoder(), stream.model.Categorical(perfect=False)
    for found, values in _predicted(network, symbols):
        encoder.encode(values.astype(np.int32), family, found)
    rest = _check(data) + number(len(data)) + (shortest(encoder) if len(data) else b"")
    return FILE + _check(rest, network) + rest


def decode(network: Network, blob: bytes) -> bytes:
    """The symbols that `encode` wrote, time by time in all lanes at once.

    Raises:
        DistillError: for a file of another kind, one that is damaged or cut short, and one of another network.
    """
    from constriction import stream

    if not blob.startswith(FILE) or _check(blob[3:], network) != blob[1:3]:
        raise DistillError(f"this file cannot be decoded: {OTHER}")
    reader = Reader(blob[5:])
    family = stream.model.Categorical(perfect=False)
    try:
        count = reader.number()
        if count > LONGEST:
            raise InvalidValue(f"{count:,} symbols are more than any file has")
        decoder = reading(reader.rest())
        canvas = Canvas(network.sight, count)
        for t in range(canvas.length if count else 0):
            lane, times = canvas.order(t, t + 1)
            found = network.frequencies(canvas.contexts(lane, times), times)
            canvas.write(lane, times, decoder.decode(family, found))
    except (AssertionError, InvalidValue):  # the coder's own word for a file that no writer can have made
        raise DistillError(f"this file cannot be decoded: {OTHER}") from None
    data = canvas.read().tobytes()
    if _check(data) != blob[3:5]:
        raise DistillError(f"this file cannot be decoded: {OTHER}")
    return data


def _predicted(network: Network, symbols: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(frequencies (n, A), symbols (n,)) of many symbols at a time, in the order of sending."""
    canvas = Canvas(network.sight, len(symbols))
    canvas.fill(symbols)
    times = max(1, CHUNK // network.sight.alphabet // max(1, canvas.lanes))
    for start in range(0, canvas.length if len(symbols) else 0, times):
        lane, t = canvas.order(start, min(start + times, canvas.length))
        yield network.frequencies(canvas.contexts(lane, t), t), canvas.symbols(lane, t).astype(np.int64)


def _check(data: bytes, network: Network | None = None) -> bytes:
    """Two bytes, CRC-CCITT; with a network, of both."""
    return binascii.crc_hqx(data, zlib.crc32(network.file) & 0xFFFF if network else 0).to_bytes(2, "little")
