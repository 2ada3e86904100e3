"""A file of one's own, byte by byte: copied into a folder beside the runs under a name made of its content.

`<store>/.files/<id>` holds the bytes as they came, `<id>.json` what the file was called. Nothing of it leaves the
machine.
"""

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from distill.errors import DistillError, InvalidValue, UnknownName
from distill.places import replace_file, root
from distill.sources import Source

TITLE = "Your own file…"
DEFAULTS = {"width": 64, "steps": 2000}
NEEDS = "a file"  # without options it cannot be made
LARGEST = 5_000_000  # bytes
HALVED = 20_000  # bytes from which on the first half is learned from and the second half is sent
DIGITS = 12  # of an id, as those of runs have
NAMELESS = "file"
VALUES = 256


@dataclass(frozen=True)
class Brought:
    """A file that lies on this machine.

    Attributes:
        id: twelve hex digits, a hash of its bytes.
        name: what it was called.
        size: bytes.
        used: when it was last brought, seconds since 1970.
    """

    id: str
    name: str
    size: int
    used: float


def make(file: str = "") -> Source:
    """The bytes of a file that `bring` has kept on this machine.

    A learned coder may know nothing of what is sent, so a file of at least 20,000 bytes is cut in two: the first half
    is to learn from, and the second half is sent, by every coder, so that all are compared on the same bytes; the
    title says so. A shorter file is sent whole, and there is nothing to learn from.

    Raises:
        InvalidValue: without a file, for text that is no id, and for a file that was changed since it was brought.
        UnknownName: where it is not on this machine.
    """
    if not file:
        raise InvalidValue("the source 'file' needs a file: bring one of up to 5 MB, which then has an id")
    path = _path(file)
    content, note = _read(path, path.stat().st_mtime_ns), known(file)
    symbols, name = np.frombuffer(content, np.uint8), note.name if note else NAMELESS
    half = len(symbols) // 2 if len(symbols) >= HALVED else 0
    title = f"{name}, second half" if half else name
    return Source(title=title, symbols=symbols[half:], training=symbols[:half], alphabet=VALUES, item="byte")


def bring(content: bytes, name: str) -> str:
    """Keeps a file's bytes on this machine; its id, the same for the same content.

    Raises:
        InvalidValue: where it is empty or larger than 5 MB.
        DistillError: where it cannot be written.
    """
    name = Path(name).name[:100] or NAMELESS
    if not content:
        raise InvalidValue(f"{name!r} is empty, so there is nothing to send; a file has 1 to {LARGEST:,} bytes")
    if len(content) > LARGEST:
        raise InvalidValue(f"{name!r} has {len(content):,} bytes; a file of at most {LARGEST:,} bytes (5 MB) is sent")
    id = hashlib.sha256(content).hexdigest()[:DIGITS]
    _write(folder() / id, content)
    _write(folder() / f"{id}.json", json.dumps(vars(Brought(id, name, len(content), time.time()))).encode())
    return id


def bring_file(path: str | Path) -> str:
    """`bring` for a file on this machine; raises DistillError where it cannot be read."""
    path = Path(path).expanduser()
    try:
        if path.stat().st_size > LARGEST:  # before it is read
            raise InvalidValue(f"{path.name!r} has {path.stat().st_size:,} bytes; at most {LARGEST:,} (5 MB) are sent")
        content = path.read_bytes()
    except OSError as error:
        raise DistillError(f"cannot read {str(path)!r} ({(error.strerror or str(error)).lower()})") from None
    return bring(content, path.name)


def brought() -> list[Brought]:
    """The files on this machine, the one last used first."""
    found = (known(path.stem) for path in folder().glob("*.json"))
    return sorted((each for each in found if each is not None), key=lambda each: -each.used)


def known(id: str) -> Brought | None:
    """What is noted of a file; None where it is not on this machine."""
    with suppress(OSError, ValueError, TypeError, InvalidValue, UnknownName):
        return Brought(**json.loads(_path(id).with_suffix(".json").read_bytes()))
    return None


def folder() -> Path:
    """Where the files lie; it need not exist."""
    return root() / ".files"


def _path(id: object) -> Path:
    """The place of a file that is there."""
    if not (isinstance(id, str) and len(id) == DIGITS and set(id) <= set("0123456789abcdef")):
        raise InvalidValue(f"a file is named by twelve digits out of 0-9 and a-f; got {str(id)[:60]!r}")
    path = folder() / id
    if not path.is_file():
        raise UnknownName(f"file '{id}' is not on this machine; to send it, bring it under “{TITLE}”")
    return path


@lru_cache(maxsize=2)
def _read(path: Path, stamp: int) -> bytes:
    """`stamp` tells two states of the file apart."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest()[:DIGITS] != path.name:
        raise InvalidValue(f"file '{path.name}' was changed since it was brought; bring it again")
    return content


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        reason = (error.strerror or str(error) or type(error).__name__).lower()
        text = f"cannot keep the file in {path.parent} ({reason})"
        raise DistillError(f"{text}; set DISTILL_STORE to a folder that you may write in") from None
