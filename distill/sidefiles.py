"""Where runs lie, and the small files beside them: status, control, checkpoint and the lock of the one writer.

They lie in `<folder of the run>/.job/<name of the run>/` and not inside the run, so that a new run can take the place
of an old one in one rename while lock, status and control stay valid, and a run's folder is nothing but its arrays.
"""

import errno
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distill.errors import DistillError, InvalidValue, UnknownName
from distill.places import replace_file, root

if TYPE_CHECKING:
    from filelock import FileLock

ID = re.compile(r"[0-9a-f]{12}")
REQUESTS = ("pause", "resume", "stop")
FULL = (errno.ENOSPC, errno.EDQUOT)
LOCK_PATIENCE = 2.0  # seconds: longer than the moment for which `locked` holds a lock to see whether it is free
_control: dict[Path, tuple[tuple[int, int], str | None]] = {}


def examples() -> Path:
    """The folder of the example runs that are shipped, read-only."""
    return Path(__file__).resolve().parent.parent / "assets" / "examples"


def check_id(text: str) -> str:
    """`text`, if it is a run id; no path is touched.

    Raises:
        InvalidValue: for anything but twelve hex digits.
    """
    if not isinstance(text, str) or not ID.fullmatch(text):
        raise InvalidValue(f"a run id is twelve digits out of 0-9 and a-f; got {str(text)[:60]!r}")
    return text


def path_of(id_or_path: str | Path) -> Path:
    """The folder of a run: a Path as it is; an id is looked up in `root()`, then in `examples()`.

    Raises:
        InvalidValue: for text that is no run id, before any path is touched.
        UnknownName: for an id that no run has.
    """
    if isinstance(id_or_path, Path):
        return id_or_path
    name = check_id(id_or_path)
    for folder in (root(), examples()):
        if (folder / name / "zarr.json").exists():
            return folder / name
    raise UnknownName(f"there is no run '{name}' in {root()} or among the examples; it may have been deleted")


def side(path: Path) -> Path:
    """The folder of the files beside the run at `path`, whether or not it exists."""
    return path.parent / ".job" / path.name


def make_side(path: Path) -> Path:
    """`side(path)`, created; raises DistillError where nothing can be written."""
    folder = side(path)
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, "no permission to write", str(folder))
    return folder


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns a full disk and missing permission into one sentence about the run at `path` (DistillError)."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            text = f"the disk is full: run '{path.name}' keeps what was measured up to its last snapshot"
            raise DistillError(f"{text}; free some space in {path.parent} and press Train to continue") from None
        reason = (error.strerror or str(error) or type(error).__name__).lower()
        text = f"cannot write run '{path.name}' in {path.parent} ({reason})"
        raise DistillError(f"{text}; set DISTILL_STORE to a folder that you may write in") from None


def read_status(path: Path) -> dict[str, object]:
    """What the writer of the run last said of itself: status, step, steps, pid, message, …; empty if nothing."""
    try:
        return json.loads((side(path) / "status.json").read_bytes())
    except (OSError, ValueError):
        return {}


def write_status(path: Path, **fields: object) -> None:
    """Changes some fields of the status file and stamps it with `updated` (seconds since 1970), atomically."""
    content = {**read_status(path), **fields, "updated": time.time()}
    folder = make_side(path)
    with writing(path):
        replace_file(folder / "status.json", json.dumps(content).encode())


def request(path: Path, what: str | None) -> None:
    """Asks the writer of the run to "pause", "resume" or "stop"; None takes back what was asked."""
    if what is not None and what not in REQUESTS:
        raise InvalidValue(f"a run can be asked to {', '.join(REQUESTS)}; got {what!r}")
    if what is None:
        (side(path) / "control").unlink(missing_ok=True)
        return
    folder = make_side(path)
    with writing(path):
        replace_file(folder / "control", what.encode())


def requested(path: Path) -> str | None:
    """ "pause", "stop" or None; costs one stat where nothing changed, so it can be asked at every training step."""
    file = side(path) / "control"
    try:
        now = os.stat(file)
    except OSError:
        return None
    stamp = (now.st_mtime_ns, now.st_ino)
    if _control.get(file, (None, None))[0] != stamp:
        with suppress(OSError):
            word = file.read_text()
            _control[file] = (stamp, word if word in ("pause", "stop") else None)
    return _control.get(file, (None, None))[1]


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Held by the one writer of the run; the system lets go of it when that process dies.

    Raises:
        DistillError: while another process (or thread) holds it.
    """
    from filelock import Timeout

    make_side(path)
    with writing(path):
        held = _file_lock(path)
        try:
            held.acquire(timeout=LOCK_PATIENCE, poll_interval=0.02)
        except Timeout:
            raise DistillError(f"run '{path.name}' is already being trained by another process") from None
    try:
        yield
    finally:
        held.release()


def locked(path: Path) -> bool:
    """Whether some process writes the run at this moment."""
    from filelock import Timeout

    if not _lock_file(path).exists():
        return False
    try:
        with _file_lock(path).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written has no writer
        return False


def _lock_file(path: Path) -> Path:
    return path.parent / ".job" / f"{path.name}.lock"


def _file_lock(path: Path) -> "FileLock":
    from filelock import FileLock

    return FileLock(_lock_file(path), thread_local=False)


def save_checkpoint(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Keeps weights and optimiser moments beside the run (safetensors), in the place of the ones before."""
    from safetensors.numpy import save

    content = save({name: np.asarray(value, order="C") for name, value in tensors.items()})
    folder = make_side(path)
    with writing(path):
        replace_file(folder / "checkpoint.safetensors", content)


def load_checkpoint(path: Path) -> dict[str, np.ndarray] | None:
    """What `save_checkpoint` kept last; None where there is nothing that can be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load((side(path) / "checkpoint.safetensors").read_bytes())
    except (OSError, SafetensorError):
        return None


def has_checkpoint(path: Path) -> bool:
    """Whether a checkpoint is kept: the networks of the run are then on this machine."""
    return (side(path) / "checkpoint.safetensors").exists()


def drop_checkpoint(path: Path) -> None:
    """Forgets the checkpoint, so that the next training begins anew."""
    (side(path) / "checkpoint.safetensors").unlink(missing_ok=True)


def drop_side(path: Path) -> None:
    """Deletes every file beside the run but the lock, which other processes may be waiting for."""
    shutil.rmtree(side(path), ignore_errors=True)
