"""Files that say what they are: a mark, whole numbers as bytes, and a checksum that refuses what was damaged."""

import zlib

from distill.errors import InvalidValue

CHECK = 4  # bytes of the checksum
MOST_BITS = 77  # of a whole number: eleven bytes


def seal(mark: bytes, body: bytes) -> bytes:
    """`mark`, the CRC-32 of mark and body, `body`."""
    return mark + zlib.crc32(mark + body).to_bytes(CHECK, "little") + body


def unseal(mark: bytes, blob: bytes, what: str) -> bytes:
    """The body of what `seal` wrote; raises InvalidValue where it is something else, cut off or damaged."""
    if not blob.startswith(mark):
        raise InvalidValue(
            f"this is no {what}: it begins with {blob[: len(mark)].hex() or 'nothing'}, not {mark.hex()}"
        )
    check, body = blob[len(mark) : len(mark) + CHECK], blob[len(mark) + CHECK :]
    if zlib.crc32(mark + body).to_bytes(CHECK, "little") != check:
        raise InvalidValue(f"this {what} of {len(blob):,} bytes is damaged or cut off: its checksum does not fit it")
    return body


def number(value: int) -> bytes:
    """A whole number ≥ 0, seven bits a byte, the lowest first; all bytes but the last have their highest bit set."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes((*found, value))


class Reader:
    """Reads the body of a file from its beginning."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, 0

    def number(self) -> int:
        """The next whole number; raises InvalidValue where the file ends before it, and one that is longer than any."""
        value = shift = 0
        while shift < MOST_BITS:
            (byte,) = self.bytes(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
        raise InvalidValue(f"the file holds a number of more than {MOST_BITS} bits, which none has")

    def bytes(self, count: int) -> bytes:
        """The next `count` bytes; raises InvalidValue where there are fewer."""
        found = self.body[self.at : self.at + count]
        if len(found) < count:
            raise InvalidValue(f"the file ends after {len(self.body):,} bytes, in the middle of what it says")
        self.at += count
        return found

    def rest(self) -> bytes:
        """All that has not been read."""
        found, self.at = self.body[self.at :], len(self.body)
        return found
