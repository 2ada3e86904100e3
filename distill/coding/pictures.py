"""Grey pictures as files that everyone can open: all of them on one sheet, or one file a picture; nothing is lost."""

import io
import math

import numpy as np

from distill.coding._sealed import Reader, number
from distill.errors import InvalidValue

LONGEST = 16_383  # pixels of a side of a WebP


def png_sheet(data: bytes, height: int, width: int) -> bytes:
    """A PNG of all pictures side by side in rows, 8-bit grey; before it, how many bytes it holds and their shape."""
    return _sheet(data, height, width, "png")


def webp_sheet(data: bytes, height: int, width: int) -> bytes:
    """The same sheet as lossless WebP, which has colours only: red, green and blue are the grey."""
    return _sheet(data, height, width, "webp")


def from_sheet(blob: bytes) -> bytes:
    """What either sheet was made of.

    Raises:
        InvalidValue: for anything else.
    """
    reader = Reader(blob)
    count, height, width = (reader.number() for _ in range(3))
    if not count:
        return b""
    sheet = _read(reader.rest())
    if not height or not width:
        raise InvalidValue(f"pictures of {width} × {height} pixels hold nothing, and this file has such ones")
    if sheet.shape[0] % height or sheet.shape[1] % width or sheet.size < count:
        raise InvalidValue(f"a sheet of {sheet.shape[1]} × {sheet.shape[0]} pixels does not hold what the file says")
    parts = sheet.reshape(-1, height, sheet.shape[1] // width, width).swapaxes(1, 2)
    return parts.tobytes()[:count]


def png_each(data: bytes, height: int, width: int) -> bytes:
    """A PNG for each picture, 8-bit grey, each behind its length."""
    files = [_file(each, "png") for each in _pictures(data, height, width)]
    return number(len(data)) + b"".join(number(len(each)) + each for each in files)


def from_each(blob: bytes) -> bytes:
    """What `png_each` was given.

    Raises:
        InvalidValue: for anything else.
    """
    reader, found = Reader(blob), bytearray()
    count = reader.number()
    while len(found) < count:
        found += _read(reader.bytes(reader.number())).tobytes()
    return bytes(found[:count])


def _sheet(data: bytes, height: int, width: int, kind: str) -> bytes:
    found = _pictures(data, height, width)
    head = number(len(data)) + number(height) + number(width)
    if not len(found):
        return head
    across = min(math.ceil(math.sqrt(len(found) * height / width)), LONGEST // width)  # about as wide as high
    empty = np.zeros((-len(found) % across, height, width), np.uint8)
    rows = np.concatenate([found, empty]).reshape(-1, across, height, width).swapaxes(1, 2)
    return head + _file(rows.reshape(-1, across * width), kind)


def _pictures(data: bytes, height: int, width: int) -> np.ndarray:
    """(n, height, width) uint8; a last one that is not whole is filled with zeros."""
    whole = data + bytes(-len(data) % (height * width))
    return np.frombuffer(whole, np.uint8).reshape(-1, height, width)


def _file(picture: np.ndarray, kind: str) -> bytes:
    from PIL import Image

    found, out = Image.fromarray(picture), io.BytesIO()
    if kind == "png":
        found.save(out, "PNG", optimize=True)
    else:
        found.convert("RGB").save(out, "WEBP", lossless=True, quality=100, method=6)
    return out.getvalue()


def _read(file: bytes) -> np.ndarray:
    """(height, width) uint8."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(file), formats=("PNG", "WEBP")) as found:
            return np.asarray(found)[..., 0] if found.mode == "RGB" else np.asarray(found)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise InvalidValue(f"there is no picture in the {len(file):,} bytes of this file ({error})") from None
