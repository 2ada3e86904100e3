"""Every lossless codec under one name: bytes in, bytes out, and the same bytes back."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from distill.coding import adaptive, pictures
from distill.errors import InvalidValue
from distill.sources import Source

ORDERS = 0, 1, 2  # of the adaptive coders
BEST = lzma.PRESET_EXTREME | 9


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
    every = [*_general(), *(_of_pictures(*source.shape) if source.shape else ()), *_adaptive(source)]
    return {each.name: each for each in every}


def _general() -> list[Codec]:
    every = [
        Codec("zlib", "zlib", "general", partial(zlib.compress, level=9), zlib.decompress, "level 9, DEFLATE"),
        Codec("bz2", "bzip2", "general", bz2.compress, bz2.decompress, "level 9, Burrows–Wheeler and Huffman"),
        Codec("lzma", "xz", "general", partial(lzma.compress, preset=BEST), lzma.decompress, "preset 9 extreme, LZMA2"),
        Codec("zstd", "Zstandard", "general", _zstd, _from_zstd, "level 22, LZ77 and finite-state entropy"),
        Codec(
            "brotli", "Brotli", "general", _brotli, _from_brotli, "quality 11, LZ77, Huffman, a dictionary of its own"
        ),
    ]
    return [replace(each, decode=partial(_or_refused, each)) for each in every]


def _or_refused(codec: Codec, blob: bytes) -> bytes:
    """What a library's decoder reads; its own errors, a class in each library, as an InvalidValue."""
    try:
        return codec.decode(blob)
    except MemoryError:
        raise
    except Exception as error:
        raise InvalidValue(f"this is no file of {codec.title}, or a damaged one ({error})") from None


def _of_pictures(height: int, width: int) -> list[Codec]:
    """All pictures in one sheet, and as people keep them, a file each."""
    png, webp = (partial(encode, height=height, width=width) for encode in (pictures.png_sheet, pictures.webp_sheet))
    each = partial(pictures.png_each, height=height, width=width)
    return [
        Codec("png", "PNG", "picture", png, pictures.from_sheet, "one sheet of all pictures, 8-bit grey"),
        Codec("webp", "WebP", "picture", webp, pictures.from_sheet, "lossless, one sheet of all pictures"),
        Codec("png_each", "PNG, one a picture", "picture", each, pictures.from_each, "8-bit grey, a file each"),
    ]


def _adaptive(source: Source) -> list[Codec]:
    """Reading a row of counts adds up all of them and makes each a whole number of 2⁻²⁴: two operations a symbol."""
    size = max(1, len(np.unique(source.symbols)))
    return [
        Codec(
            f"kt{order}", f"Adaptive, order {order}", "adaptive", partial(adaptive.encode, order=order),
            adaptive.decode, f"Krichevsky–Trofimov counts {SEEN[order]}, range coder", 2.0 * size + 1,
        )
        for order in ORDERS
    ]  # fmt: skip


SEEN = ("of single symbols", "after each symbol", "after each two symbols")


def _zstd(data: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=22).compress(data)


def _from_zstd(blob: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdDecompressor().decompress(blob)


def _brotli(data: bytes) -> bytes:
    import brotli

    return brotli.compress(data, quality=11, lgwin=24)


def _from_brotli(blob: bytes) -> bytes:
    import brotli

    return brotli.decompress(blob)
