"""Tables that a person brings: copied into a folder beside the runs under a name made of their content.

`<store>/.tables/<id>.csv` or `.parquet` holds the bytes as they came, `<id>.json` what the file was called and what was
last chosen from it. Nothing of it leaves the machine.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from distill.errors import DistillError, InvalidValue, UnknownName
from distill.places import replace_file, root
from distill.tables.columns import Column, Table

__all__ = ["Brought", "Column", "Table", "bring", "bring_file", "brought", "choose", "known", "opened"]

DIGITS = 12  # of an id, as those of runs have
NAMELESS = "table"


@dataclass(frozen=True)
class Brought:
    """A table that lies on this machine.

    Attributes:
        id: twelve hex digits, a hash of its bytes.
        name: what its file was called.
        rows, columns: how many.
        used: when it was last brought or chosen from, seconds since 1970.
        options: the data set's options that were last chosen for it; {} before.
    """

    id: str
    name: str
    rows: int
    columns: int
    used: float
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


def folder() -> Path:
    """Where the tables lie; it need not exist."""
    return root() / ".tables"


def bring(content: bytes, name: str) -> str:
    """Keeps a table's bytes on this machine, having read them once; its id, the same for the same content.

    Raises:
        InvalidValue: where it is no table that can be read (see reading.read).
        DistillError: where it cannot be written.
    """
    from distill.tables import reading

    name = Path(name).name[:100] or NAMELESS
    table = reading.read(content, name)
    id = hashlib.sha256(content).hexdigest()[:DIGITS]
    ending = "parquet" if content.startswith(reading.PARQUET) else "csv"
    before = known(id)
    _write(folder() / f"{id}.{ending}", content)
    _note(Brought(id, name, len(table.lines), len(table.columns), time.time(), before.options if before else {}))
    return id


def bring_file(path: str | Path) -> str:
    """`bring` for a file; raises DistillError where it cannot be read."""
    path = Path(path).expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DistillError(f"cannot read {str(path)!r} ({(error.strerror or str(error)).lower()})") from None
    return bring(content, path.name)


def brought() -> list[Brought]:
    """The tables on this machine, the one last used first."""
    found = (known(path.stem) for path in folder().glob("*.json"))
    return sorted((each for each in found if each is not None), key=lambda each: -each.used)


def known(id: str) -> Brought | None:
    """What is noted of a table; None where it is not on this machine."""
    with suppress(OSError, ValueError, TypeError, InvalidValue, UnknownName):
        _file(id)
        return Brought(**json.loads((folder() / f"{id}.json").read_bytes()))
    return None


def choose(id: str, options: Mapping[str, Any]) -> None:
    """Remembers what was chosen from a table, for the next time that it is offered."""
    before = known(id)
    if before is not None:
        _note(Brought(id, before.name, before.rows, before.columns, time.time(), dict(options)))


def opened(id: str) -> Table:
    """The table with this id.

    Raises:
        InvalidValue: for text that is no id, before any path is touched; for a file that was changed since.
        UnknownName: where it is not on this machine.
    """
    path = _file(id)
    return _read(path, path.stat().st_mtime_ns)


def _file(id: object) -> Path:
    """The file of a table."""
    digits = isinstance(id, str) and len(id) == DIGITS and set(id) <= set("0123456789abcdef")
    if not digits:
        raise InvalidValue(f"a table is named by twelve digits out of 0-9 and a-f; got {str(id)[:60]!r}")
    for ending in ("csv", "parquet"):
        path = folder() / f"{id}.{ending}"
        if path.is_file():
            return path
    raise UnknownName(f"table '{id}' is not on this machine; to train on it, bring its file under “Your own table…”")


@lru_cache(maxsize=2)
def _read(path: Path, stamp: int) -> Table:
    """`stamp` tells two states of the file apart."""
    from distill.tables import reading

    content, note = path.read_bytes(), known(path.stem)
    if hashlib.sha256(content).hexdigest()[:DIGITS] != path.stem:
        raise InvalidValue(f"the file of table '{path.stem}' was changed since it was brought; bring it again")
    return reading.read(content, note.name if note else path.name)


def _note(table: Brought) -> None:
    _write(folder() / f"{table.id}.json", json.dumps(vars(table)).encode())


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        reason = (error.strerror or str(error) or type(error).__name__).lower()
        text = f"cannot keep the table in {path.parent} ({reason})"
        raise DistillError(f"{text}; set DISTILL_STORE to a folder that you may write in") from None
