"""Runs as labelled arrays on disk: create, append, extend, open, follow, list, delete.

A run is one zarr group that `xarray.open_zarr(path)` opens. Arrays with a `step` (or `code_step`) dimension grow by
chunks of one step. What counts as written is what the consolidated metadata in the root zarr.json says, and that
file is replaced in one rename after all arrays of a snapshot have been written: this rename is the commit. A writer
killed at any moment therefore leaves a run that opens, and a reader beside a writer always sees whole snapshots.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import xarray as xr

from distill import arrays
from distill.arrays import GROWING, described
from distill.catalogue import Run, delete, exists, list_runs, place_of, state, summary
from distill.errors import DistillError, InvalidValue
from distill.sidefiles import (
    ID,
    check_id,
    drop_checkpoint,
    examples,
    has_checkpoint,
    load_checkpoint,
    lock,
    locked,
    make_side,
    path_of,
    read_status,
    request,
    requested,
    root,
    save_checkpoint,
    side,
    write_status,
    writing,
)

__all__ = [
    "Follower",
    "Run",
    "append",
    "check_id",
    "create",
    "delete",
    "drop_checkpoint",
    "examples",
    "exists",
    "extend",
    "follow",
    "has_checkpoint",
    "list_runs",
    "load_checkpoint",
    "lock",
    "locked",
    "make_side",
    "open_run",
    "path_of",
    "place_of",
    "read_status",
    "request",
    "requested",
    "root",
    "save_checkpoint",
    "side",
    "state",
    "summary",
    "write_status",
    "writing",
]


def create(path: Path, first: xr.Dataset, replace: bool = False) -> None:
    """A new run at `path` out of its first snapshot: every variable, `step` of length 1, attributes.

    `attrs["steps"]` is the planned last step. The store adds the attributes `stamp`, `last_step` and, where it is
    missing, `created`. A partial run at `path` is replaced; the swap is one rename.

    Raises:
        InvalidValue: where a complete run lies at `path` and `replace` is False; where `first` is no single snapshot.
        DistillError: where it cannot be written, as a sentence.
    """
    if first.sizes.get("step") != 1 or "steps" not in first.attrs:
        raise InvalidValue("a run is created from one snapshot: `step` of length 1 and the attribute `steps`")
    _check_place(path, replace)
    new = path.with_name(f"{path.name}.new")
    attrs = {"created": datetime.now(UTC).isoformat(), **first.attrs, "stamp": uuid4().hex[:8]}
    with writing(path):
        arrays.remove(new, *path.parent.glob(f"{path.name}.old-*"))
        arrays.write_whole(new, first, {**attrs, "last_step": int(first["step"].values[-1])})
        arrays.swap(new, path)


def append(path: Path, snapshot: xr.Dataset) -> None:
    """Adds one snapshot: each variable with `step` (length 1) and, where codes are kept, with `code_step` (length 1).

    Raises:
        InvalidValue: for a snapshot that is not later than the last one, or that lacks a variable of the run.
        DistillError: where it cannot be written; the run keeps its last committed state.
    """
    content = arrays.metadata(path)
    grown = {name: var for name, var in snapshot.variables.items() if arrays.grows(var.dims) and var.shape[0]}
    step = _check_snapshot(path, content, grown)
    with writing(path):
        arrays.cut_back(path, content)
        group = arrays.committed(path)
        for name, var in grown.items():
            known = name in described(content)
            array = group[name] if known else arrays.new_array(group, name, var, empty=True)
            length = array.shape[0]
            array.resize((length + 1, *array.shape[1:]))
            array[length : length + 1] = arrays.values(var)
        arrays.commit(path, content, grown, {"last_step": step})


def extend(path: Path, extra: xr.Dataset) -> None:
    """Adds variables without `step` and `code_step` to a run, all in one commit; those of the same name are replaced.

    Raises:
        InvalidValue: for a variable with a growing dimension.
        DistillError: where it cannot be written.
    """
    content = arrays.metadata(path)
    growing = [name for name, var in extra.variables.items() if arrays.grows(var.dims)]
    if growing:
        raise InvalidValue(f"extend takes variables without {' and '.join(GROWING)}; got {', '.join(growing)}")
    known = described(content)
    written = {name: var for name, var in extra.variables.items() if name not in extra.coords or name not in known}
    extended = content["attributes"].get("extended", 0) + 1
    with writing(path):
        group = arrays.committed(path)
        for name, var in written.items():
            same = name in known and group[name].shape == var.shape and group[name].dtype == var.dtype
            # in place where it fits: a reader then finds the old values or the new ones, never a hole
            array = group[name] if same else arrays.new_array(group, name, var)
            array[...] = arrays.values(var)
        arrays.commit(path, content, written, {**arrays.plain(extra.attrs), "extended": extended})


def open_run(id_or_path: str | Path) -> xr.Dataset:
    """The run with this id, or in this folder, as a lazy dataset of what was committed when it was opened.

    Text that is not an id is taken as a folder; what comes from outside (a link) belongs through `check_id` first.

    Raises:
        UnknownName: for an id that no run has.
        DistillError: where the folder holds no run, or a damaged one.
    """
    text = isinstance(id_or_path, str)
    path = Path(id_or_path) if text and not ID.fullmatch(id_or_path) else path_of(id_or_path)
    if not str(id_or_path).strip() or not exists(path):
        raise DistillError(f"{str(id_or_path)!r} is neither the id of a run nor a folder that holds one")
    for _ in range(5):  # again, if a new run took this one's place between reading its metadata and its coordinates
        run = arrays.opened(path)
        if run.attrs.get("stamp", "") == summary(path).stamp:
            break
    return run


class Follower:
    """Reads a run while it is being written: each `refresh` fetches only what has been added since the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._run: xr.Dataset | None = None

    def refresh(self) -> xr.Dataset | None:
        """The run as committed now, loaded; the same object where nothing was added; None before the first commit.

        Starts over where another run has taken its place. Raises DistillError for a damaged run.
        """
        try:
            stat = os.stat(self.path / "zarr.json")
        except OSError:
            self._seen = self._run = None
            return None
        if (stat.st_mtime_ns, stat.st_ino) == self._seen:
            return self._run
        run = open_run(self.path)
        same = self._run is not None and self._run.attrs["stamp"] == run.attrs["stamp"]
        with arrays.readable(self.path):
            loaded = arrays.merged(self._run, run) if same else run.load()
        if not exists(self.path) or summary(self.path).stamp != run.attrs["stamp"]:  # deleted or replaced meanwhile
            self._seen = None
            return self.refresh()
        self._run, self._seen = loaded, (stat.st_mtime_ns, stat.st_ino)
        return loaded


def follow(path: Path) -> Follower:
    """A Follower of the run at `path`, which need not exist yet."""
    return Follower(path)


def _check_place(path: Path, replace: bool) -> None:
    """Refuses to put a run where something else lies, or a complete run that is not to be replaced."""
    try:
        free = not path.exists() or (path.is_dir() and not any(path.iterdir()))
        complete = not free and summary(path).complete
    except DistillError:  # not readable as a run: only in the root folder is it certain that it was one
        if path.parent == root() and ID.fullmatch(path.name):
            return
        raise InvalidValue(f"{path} is there already and is no run; choose another place") from None
    if complete and not replace:
        raise InvalidValue(f"run '{path.name}' is complete; pass replace=True to train it anew")


def _check_snapshot(path: Path, content: arrays.Metadata, grown: Mapping[Any, xr.Variable]) -> int:
    """The step of a snapshot that may be appended."""
    last, known = content["attributes"]["last_step"], described(content)
    lacking = [name for name, array in known.items() if "step" in array["dimension_names"] and name not in grown]
    long = [str(name) for name, var in grown.items() if var.shape[0] != 1]
    if lacking or long or "step" not in grown:
        wrong = f"lacks {', '.join(lacking) or 'step'}" if not long else f"has more than one step of {', '.join(long)}"
        raise InvalidValue(f"a snapshot of run '{path.name}' {wrong}; it takes each growing variable, one step long")
    step = int(grown["step"].values[0])
    if step <= last:
        raise InvalidValue(f"run '{path.name}' has step {last} already; the next snapshot must be later, got {step}")
    return step
