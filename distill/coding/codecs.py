"""Every lossless codec under one name: bytes in, bytes out, and the same bytes back."""

from collections.abc import Callable
from dataclasses import dataclass

from distill.sources import Source


@dataclass(frozen=True)
class Codec:
    """A lossless coder of the symbols of a source; `decode(encode(data)) == data` for all bytes below its alphabet.

    Attributes:
        name, title: "zlib", and as it is written on screen.
        family: "general" (any bytes), "picture" (of pictures only), "adaptive" (counts as it goes) or "network".
        encode, decode: bytes → bytes, whole files: whatever the decoder needs is in what was written.
        note: what it is and how it was set, one line ("level 9, DEFLATE").
        operations: arithmetic operations for each symbol, where they can be counted; None for a library's.
    """

    name: str
    title: str
    family: str
    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes], bytes]
    note: str = ""
    operations: float | None = None


def codecs(source: Source) -> dict[str, Codec]:
    """The lossless codecs that suit a source, by name, cheapest knowledge first; no learned one among them."""
    raise NotImplementedError
