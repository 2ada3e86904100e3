"""What lies in the store: the summary of a run, its state, the list of all, deletion; no array is opened for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from distill import arrays
from distill.config import Configuration
from distill.errors import DistillError, InvalidValue
from distill.kinds import read
from distill.sidefiles import ID, drop_side, examples, locked, path_of, read_status, root, writing


@dataclass(frozen=True)
class Run:
    """What the root metadata of a run says, read without opening an array.

    Attributes:
        id, path: name and folder.
        attrs: the run's attributes; empty for a damaged run.
        variables: names of its arrays.
        snapshots: committed snapshots.
        last_step, steps: last committed optimiser step and the planned one.
        modified: time of the last commit, seconds since 1970.
        damaged: why it cannot be opened, as a sentence; empty for a sound run.
    """

    path: Path
    attrs: Mapping[str, Any]
    variables: tuple[str, ...] = ()
    snapshots: int = 0
    last_step: int = -1
    steps: int = 0
    modified: float = 0.0
    damaged: str = ""

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.path.name

    @property
    def complete(self) -> bool:
        """Whether it was trained to its planned end."""
        return not self.damaged and self.last_step >= self.steps

    @property
    def stamp(self) -> str:
        """Tells two creations at the same place apart."""
        return str(self.attrs.get("stamp", ""))

    @property
    def title(self) -> str:
        """How the run is called on screen."""
        return str(self.attrs.get("title", self.id))

    @property
    def example(self) -> bool:
        """Whether it was shipped with the program, read-only."""
        return self.path.parent == examples()

    @cached_property
    def config(self) -> Configuration | None:
        """What it was asked to do; None where this version of the program cannot read it."""
        try:
            return read(self.attrs["config"])
        except (DistillError, KeyError, TypeError, ValueError):
            return None

    @property
    def status(self) -> str:
        """running, paused, stopped, done, failed or damaged, now."""
        return "damaged" if self.damaged else state(self.path)

    @property
    def message(self) -> str:
        """The sentence that goes with the status, or nothing."""
        return self.damaged or str(read_status(self.path).get("message", ""))

    @cached_property
    def size(self) -> int:
        """Bytes of its arrays."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())


def place_of(config: Configuration) -> Path:
    """Where the run of `config` is written, whether or not it exists."""
    return root() / config.id


def exists(path: Path) -> bool:
    """Whether a run with at least one snapshot lies at `path`."""
    return (path / "zarr.json").exists()


def summary(path: Path) -> Run:
    """The root metadata of the run at `path`, in about a millisecond; raises DistillError where there is none."""
    content = arrays.metadata(path)
    attrs, known = content["attributes"], arrays.described(content)
    snapshots, modified = known["step"]["shape"][0], (path / "zarr.json").stat().st_mtime
    return Run(path, attrs, tuple(known), snapshots, attrs["last_step"], int(attrs.get("steps", 0)), modified)


def state(path: Path) -> str:
    """running, paused, stopped, done, failed, damaged, or none where neither a run nor a status is there.

    A status file that says running while nobody holds the lock was left by a writer that died: stopped.
    """
    said = str(read_status(path).get("status", ""))
    if said in ("running", "paused") and locked(path):
        return said
    there = exists(path)
    try:
        if there and summary(path).complete:
            return "done"
    except DistillError:
        return "damaged"
    if said == "failed" or not (said or there):
        return said or "none"
    return "stopped"


def list_runs() -> list[Run]:
    """Every run in the root folder and then every example, each newest first; damaged ones say so.

    Raises:
        DistillError: where a folder may not be read.
    """
    return [run for folder in (root(), examples()) for run in sorted(_runs(folder), key=lambda run: -run.modified)]


def delete(id_or_path: str | Path) -> None:
    """Deletes a run and the files beside it.

    Raises:
        InvalidValue: for text that is no id, for an example, and while the run is being written.
        UnknownName: for an id that no run has.
    """
    path = path_of(id_or_path)
    if path.parent == examples():
        raise InvalidValue(f"run '{path.name}' is an example that came with the program; it cannot be deleted")
    if locked(path):
        raise InvalidValue(f"run '{path.name}' is being trained; stop it before you delete it")
    with writing(path):
        gone = path.with_name(f"{path.name}.old-{uuid4().hex[:8]}")
        path.rename(gone)
        arrays.remove(gone)
        drop_side(path)


def _runs(folder: Path) -> Iterator[Run]:
    try:
        there = folder.iterdir() if folder.is_dir() else ()
        paths = [path for path in there if ID.fullmatch(path.name) and exists(path)]
    except OSError as error:
        text = f"the runs in {folder} cannot be listed ({(error.strerror or str(error)).lower()})"
        raise DistillError(f"{text}; set DISTILL_STORE to a folder that you may read") from None
    for path in paths:
        try:
            yield summary(path)
        except DistillError as error:
            yield Run(path, {}, damaged=str(error))
