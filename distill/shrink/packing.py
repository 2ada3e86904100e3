"""A network as bytes: its whole numbers by the entropy coder, its steps and biases as they are; written and read."""

import lzma
import struct
from dataclasses import dataclass

import numpy as np

from distill.coding.weights import decode_tensors, encode_tensors, entropy_bits
from distill.errors import DistillError

HEADER = struct.Struct("<I")  # bytes of the coded part
REST_BYTES = 2  # of a bias


@dataclass(frozen=True)
class Written:
    """What is written of one network.

    Attributes:
        levels: the whole numbers of every layer's weights, (in, out) each.
        steps: (layers,) float32.
        rest: all biases in one row, float16.
    """

    levels: list[np.ndarray]
    steps: np.ndarray
    rest: np.ndarray

    def pack(self) -> bytes:
        """All of it: the coded whole numbers, 4 bytes a step, 2 bytes a bias."""
        coded = encode_tensors(self.levels)
        return HEADER.pack(len(coded)) + coded + self.steps.astype("<f4").tobytes() + self.rest.astype("<f2").tobytes()

    @classmethod
    def unpack(cls, blob: bytes) -> "Written":
        """What `pack` wrote; raises DistillError for what is no such file."""
        try:
            (length,) = HEADER.unpack_from(blob)
            levels = decode_tensors(blob[HEADER.size : HEADER.size + length])
            steps = np.frombuffer(blob, "<f4", len(levels), HEADER.size + length)
            return cls(levels, steps, np.frombuffer(blob, "<f2", -1, HEADER.size + length + steps.nbytes))
        except (struct.error, ValueError, DistillError):
            raise DistillError("this file holds no weights of a network, or damaged ones") from None

    def file(self) -> bytes:
        """What `pack` writes, read back and compared.

        Raises:
            DistillError: where what is read is not what was written.
        """
        blob = self.pack()
        read = Written.unpack(blob)
        mine, its = ((*each.levels, each.steps, each.rest) for each in (self, read))
        if len(mine) != len(its) or not all(map(np.array_equal, mine, its)):
            raise DistillError("the weights of a network that were read back are not those that were written")
        return blob

    @property
    def entropy_bytes(self) -> float:
        """Order-0 entropy of the whole numbers with 4 bytes a step, and 2 bytes a bias."""
        return entropy_bits(self.levels) / 8 + REST_BYTES * self.rest.size


def shuffled_xz(weights: np.ndarray) -> int:
    """Bytes that xz makes of the weights of a network once the first bytes of all stand together, the second, …"""
    by_place = weights.view(np.uint8).reshape(-1, weights.itemsize).T
    return len(lzma.compress(by_place.tobytes(), preset=9 | lzma.PRESET_EXTREME))
