"""Labelled arrays in a zarr group whose root metadata is the commit: what store.py does its work with.

Nothing counts as written until the root zarr.json names it. That file is composed from the metadata of the arrays that
were written, not by looking through the folder, so an array that a killed writer left half-made is never taken in.
"""

import ctypes
import json
import shutil
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import xarray as xr

from distill.errors import DistillError
from distill.sidefiles import replace_file

if TYPE_CHECKING:
    import zarr

GROWING = ("step", "code_step")  # dimensions that a snapshot lengthens by one
BLOCK = 4096  # bytes: what a file takes on disk at least, so below it compression buys nothing
EXCHANGE, HERE = 2, -100  # Linux's RENAME_EXCHANGE and AT_FDCWD
Metadata = dict[str, Any]


def damage(path: Path, reason: object) -> DistillError:
    """The error for a run that cannot be read."""
    text = f"run '{path.name}' is damaged and cannot be opened ({str(reason)[:200]})"
    return DistillError(f"{text}; delete it and train it again")


def grows(dims: Iterable[Hashable]) -> bool:
    """Whether an array with these dimensions is lengthened by snapshots."""
    return any(name in dims for name in GROWING)


def metadata(path: Path) -> Metadata:
    """The root metadata of the run at `path`: what is committed.

    Raises:
        DistillError: where there is none, or where it cannot be understood.
    """
    try:
        content = json.loads((path / "zarr.json").read_bytes())
        content["attributes"]["last_step"], described(content)["step"]["shape"][0]
    except FileNotFoundError:
        raise DistillError(f"there is no run in {path}") from None
    except (OSError, ValueError) as error:
        raise damage(path, error) from None
    except (KeyError, TypeError, IndexError):
        raise damage(path, "its zarr.json is not that of a run") from None
    return content


def described(content: Metadata) -> dict[str, Metadata]:
    """Name of every committed array → its metadata."""
    return content["consolidated_metadata"]["metadata"]


def committed(path: Path) -> "zarr.Group":
    """The group at `path`, open for writing, its arrays as long as they were committed."""
    import zarr

    return zarr.open_group(path, mode="r+", use_consolidated=True)


def plain(attrs: Mapping[Hashable, Any]) -> dict[str, Any]:
    """Attributes as JSON can hold them: numpy's numbers and arrays become Python's."""
    return json.loads(json.dumps(dict(attrs), default=lambda value: value.tolist()))


def values(var: xr.Variable) -> np.ndarray:
    """The values of a variable, text as objects (zarr's variable-length strings)."""
    return np.asarray(var.values, dtype=object) if var.dtype.kind in "OUT" else np.asarray(var.values)


def new_array(
    group: "zarr.Group", name: Hashable, var: xr.Variable, whole: bool = False, empty: bool = False
) -> "zarr.Array":
    """An array for `var`, not yet filled: chunks of one step and else whole; `empty` makes it of length 0.

    Missing floats read as NaN. The chunks of an array lie flat in one folder (a folder each would cost 4 KiB).
    """
    from zarr.codecs import BloscCodec

    text = var.dtype.kind in "OUT"
    stepwise = grows(var.dims) and not whole
    chunks = (1 if stepwise else var.shape[0], *var.shape[1:]) if var.ndim else ()
    small = var.dtype.itemsize * np.prod(chunks) < BLOCK
    # each the smallest for its kind, measured on runs; bytes of a packed run have been rounded, and repeat as they are
    shuffle = "shuffle" if var.dtype.itemsize > 1 else "noshuffle" if whole else "bitshuffle"
    return group.create_array(
        str(name),
        shape=(0, *var.shape[1:]) if empty else var.shape,
        dtype="string" if text else var.dtype,
        chunks=tuple(max(1, length) for length in chunks),
        compressors=None if text or small else BloscCodec(cname="zstd", clevel=9 if whole else 7, shuffle=shuffle),
        fill_value=np.nan if var.dtype.kind == "f" else None,
        chunk_key_encoding={"name": "default", "separator": "."},
        dimension_names=var.dims,
        attributes=plain(var.attrs),
        overwrite=True,
    )


def cut_back(path: Path, content: Metadata) -> None:
    """Shortens every array that a killed writer left longer than what is committed, and drops its chunks."""
    import zarr

    for name, array in described(content).items():
        if not grows(array["dimension_names"]):
            continue
        try:
            longer = json.loads((path / name / "zarr.json").read_bytes())["shape"] != array["shape"]
        except (OSError, ValueError):
            continue  # the next append writes it anew, out of the committed metadata
        if longer:
            zarr.open_array(path / name, mode="r+").resize(tuple(array["shape"]))


def commit(path: Path, content: Metadata, written: Iterable[Hashable], attrs: Mapping[str, Any]) -> None:
    """Makes the arrays `written` count: one atomic replacement of the root metadata."""
    known = described(content)
    for name in written:
        known[str(name)] = json.loads((path / str(name) / "zarr.json").read_bytes())
    content["attributes"].update(attrs)
    replace_file(path / "zarr.json", json.dumps(content).encode())


def write_whole(path: Path, run: xr.Dataset, attrs: Mapping[Hashable, Any], whole: bool = False) -> None:
    """A new group at `path` with every variable of `run`; `whole` gives each array a single chunk."""
    import zarr

    group = zarr.create_group(path, zarr_format=3)
    for name, var in run.variables.items():
        array = new_array(group, name, var, whole)
        if var.size:
            array[...] = values(var)
    consolidated = {"kind": "inline", "must_understand": False, "metadata": {}}
    content = {"zarr_format": 3, "node_type": "group", "attributes": {}, "consolidated_metadata": consolidated}
    commit(path, content, run.variables, plain(attrs))


def opened(path: Path) -> xr.Dataset:
    """The run at `path`, lazy, text as numpy's fixed-width text."""
    with readable(path):
        run = xr.open_zarr(path, consolidated=True, chunks=None, decode_times=False, decode_timedelta=False)
        text = [name for name, var in run.variables.items() if var.dtype.kind in "OT"]
        return run.assign({name: run[name].copy(data=run[name].values.astype(object).astype(str)) for name in text})


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns whatever the arrays of a damaged run raise into one sentence (DistillError)."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise damage(path, error) from None


def merged(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """`new`, loaded, with every value that `old` holds already taken from there; `old` itself if nothing was added."""
    lengths = {name: old.sizes.get(name, 0) for name in GROWING}
    fresh = old.attrs.get("extended") != new.attrs.get("extended")
    if not fresh and lengths == {name: new.sizes.get(name, 0) for name in GROWING}:
        return old
    parts = {name: _continued(old, name, var, lengths, fresh) for name, var in new.variables.items()}
    coords = {name: parts.pop(name) for name in new.coords}
    return xr.Dataset(parts, coords, new.attrs)


def _continued(old: xr.Dataset, name: Hashable, var: xr.Variable, lengths: dict[str, int], fresh: bool) -> xr.Variable:
    grown = next((dim for dim in GROWING if dim in var.dims), None)
    if name not in old.variables or (grown is None and fresh):
        return var.load()
    if grown is None:
        return old.variables[name]
    rest = var.isel({grown: slice(lengths[grown], None)})
    data = np.concatenate([old.variables[name].values, rest.values]) if rest.size else old.variables[name].values
    return xr.Variable(var.dims, data, var.attrs)


def swap(new: Path, path: Path) -> None:
    """Puts the folder `new` in the place of `path`, at once where the system can, and deletes what was there."""
    if not path.exists():
        new.rename(path)
    elif exchange(new, path):
        remove(new)
    else:
        old = path.with_name(f"{path.name}.old-{uuid4().hex[:8]}")
        path.rename(old)
        new.rename(path)
        remove(old)


def exchange(one: Path, other: Path) -> bool:
    """Lets two folders trade names in one step (Linux); False where that cannot be done."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return call(HERE, bytes(one), HERE, bytes(other), EXCHANGE) == 0


def remove(*paths: Path) -> None:
    """Deletes folders, there or not."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)
