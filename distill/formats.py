"""Items in files: inputs read from .npy, .csv or .png, and what was decoded written as them."""

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING

import numpy as np

from distill.errors import DistillError, InvalidValue, unknown

if TYPE_CHECKING:
    import xarray as xr

    from distill.coding.semantic import Decoded

STORED = "items"  # the word for the run's own stored items
LARGEST = 1e30  # of a standardised input: float32 holds it


def inputs_of(file: Path, run: "xr.Dataset") -> np.ndarray:
    """Items out of a .npy, .csv or .png file, in the data set's own units, standardised as the run's: (n, D) float32.

    Raises:
        InvalidValue: for another kind of file, and one whose items are not those of the run's data set.
        DistillError: where it cannot be read.
    """
    reader = _READERS.get(_ending(file))
    if reader is None:
        raise InvalidValue(f"inputs come as .npy, .csv or .png, or as the word {STORED}; got '{file}'")
    features = run.sizes["feature"]
    values = reader(file, run)
    if values.ndim != 2 or values.shape[1] != features:
        raise InvalidValue(f"{file} must hold items of {features} numbers each; its shape is {values.shape}")
    about = run.inputs.attrs
    values = (values - about["offset"]) / about["scale"]
    if "feature_scale" in run:
        values = (values - run.feature_offset.values) / run.feature_scale.values
    if not (np.abs(values) <= LARGEST).all():
        raise InvalidValue(f"{file} holds values that are no finite numbers, or too large ones")
    return values.astype(np.float32)


def check_ending(file: Path) -> None:
    """Raises UnknownName for a file that `write` cannot write."""
    if _ending(file) not in _WRITERS:
        raise unknown("file format", _ending(file), _WRITERS)


def write(file: Path, run: "xr.Dataset", found: "Decoded") -> None:
    """Writes what was decoded in the format of the file's ending: labels as .csv, pictures as .png, codes as .npy.

    Raises:
        InvalidValue: where the run does not decode to that.
        DistillError: where it cannot be written.
    """
    check_ending(file)
    write_bytes(file, _WRITERS[_ending(file)](run, found))


def _of_npy(file: Path, run: "xr.Dataset") -> np.ndarray:
    try:
        found = np.load(io.BytesIO(read_bytes(file)), allow_pickle=False)
        if isinstance(found, np.ndarray) and found.ndim and found.dtype.kind in "biuf":
            return found.astype(np.float64).reshape(len(found), math.prod(found.shape[1:]))
    except (ValueError, TypeError, EOFError, OSError, MemoryError, SyntaxError, TokenError):
        pass  # a damaged header may name any type, and any size
    raise InvalidValue(f"{file} is no .npy file of real numbers")


def _of_csv(file: Path, run: "xr.Dataset") -> np.ndarray:
    """Numbers, one item a line; a first line of names is passed over."""
    try:
        lines = [line.split(",") for line in read_bytes(file).decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise InvalidValue(f"{file} is no text") from None
    rows = lines[1:] if lines and not all(map(_is_number, lines[0])) else lines
    for i, row in enumerate(rows, 1 + len(lines) - len(rows)):
        if len(row) != len(rows[0]) or not all(map(_is_number, row)):
            raise InvalidValue(f"{file} must hold numbers, as many in each line; line {i} does not")
    return np.array([[float(each) for each in row] for row in rows]).reshape(len(rows), len(rows[0]) if rows else 0)


def _of_png(file: Path, run: "xr.Dataset") -> np.ndarray:
    """One picture of the data set's size, or a sheet of them, row by row; its levels cover the data set's values."""
    from PIL import Image

    height, width, *channels = _picture_shape(run)
    try:
        found = Image.open(io.BytesIO(read_bytes(file)))
        picture = found.convert("RGB" if channels == [3] else "L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InvalidValue(f"{file} is no picture, or too large a one") from None
    if found.mode[0] in "IF":  # all above 255 would be white
        raise InvalidValue(f"{file} must have 8 bits a pixel and channel; it has more")
    levels = np.asarray(picture)
    if levels.shape[0] % height or levels.shape[1] % width:
        size = f"{picture.width} × {picture.height}"
        raise InvalidValue(f"{file} must be a picture of {width} × {height}, or a sheet of such ones; it is {size}")
    rows, columns = levels.shape[0] // height, levels.shape[1] // width
    tiles = levels.reshape(rows, height, columns, width, -1).swapaxes(1, 2).reshape(rows * columns, -1)
    about = run.inputs.attrs
    return about["low"] + tiles / 255 * (about["high"] - about["low"])


def _as_csv(run: "xr.Dataset", found: "Decoded") -> bytes:
    """One line an item: of each factor its likeliest class, its probabilities and their entropy in bits."""
    from distill.measures.entropies import entropy_of_shares

    columns: dict[str, np.ndarray] = {"item": np.arange(len(found.codes))}
    for name, shares in found.labels.items():
        classes = json.loads(run.attrs["classes"])[name]
        columns[name] = np.array(classes)[shares.argmax(-1)]
        columns |= {f"p({name}={each})": shares[:, i].round(6) for i, each in enumerate(classes)}
        columns[f"entropy of {name}, bits"] = entropy_of_shares(shares).round(4)
    if found.target is not None:
        columns |= {f"mean of Y {i + 1}": found.target[:, i].round(6) for i in range(found.target.shape[1])}
    if len(columns) == 1:
        raise InvalidValue("this run has no label decoder; write the codes instead, as .npy")
    return _lines(columns).encode()


def _lines(columns: dict[str, np.ndarray]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(each.tolist() for each in columns.values()), strict=True))
    return text.getvalue()


def _as_png(run: "xr.Dataset", found: "Decoded") -> bytes:
    """A sheet of what is kept of each item, E[x|z], row by row, as square as it can be."""
    from PIL import Image

    from distill.measures.decoding import as_levels

    height, width, *channels = _picture_shape(run)
    if found.inputs is None:
        raise InvalidValue("this run has no decoder of pictures; write .csv or .npy instead")
    count = len(found.inputs)
    columns = _columns(count)
    rows = max(1, math.ceil(count / columns))
    tiles = np.zeros((rows * columns, height, width, *channels), np.uint8)
    tiles[:count] = as_levels(run, found.inputs).reshape(count, height, width, *channels)
    sheet = tiles.reshape(rows, columns, height, width, *channels).swapaxes(1, 2)
    content = io.BytesIO()
    Image.fromarray(sheet.reshape(rows * height, columns * width, *channels)).save(content, "PNG")
    return content.getvalue()


def _columns(count: int) -> int:
    """Of a sheet of so many pictures: nearly as many as rows, and such that no place stays empty where that can be."""
    square = max(1, math.ceil(count**0.5))
    return next((each for each in range(square, 2 * square) if count % each == 0), square)


def _as_npy(run: "xr.Dataset", found: "Decoded") -> bytes:
    """The codes as they arrived, (n, latent) float32."""
    content = io.BytesIO()
    np.save(content, found.codes.astype(np.float32))
    return content.getvalue()


def _picture_shape(run: "xr.Dataset") -> tuple[int, ...]:
    shape = tuple(int(each) for each in np.atleast_1d(run.attrs["input_shape"]))
    if len(shape) < 2:
        raise InvalidValue("the items of this run are no pictures; use .csv or .npy")
    return shape


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _ending(file: Path) -> str:
    return file.suffix.removeprefix(".").lower()


def read_bytes(file: Path) -> bytes:
    """All of a file; raises DistillError, with the reason, where it cannot be read."""
    try:
        return file.expanduser().read_bytes()
    except OSError as error:
        raise DistillError(f"cannot read {file}: {(error.strerror or str(error)).lower()}") from None


def write_bytes(file: Path, content: bytes) -> None:
    """A whole file; raises DistillError, with the reason, where it cannot be written."""
    try:
        file.expanduser().write_bytes(content)
    except OSError as error:
        raise DistillError(f"cannot write {file}: {(error.strerror or str(error)).lower()}") from None


_READERS: dict[str, Callable[[Path, "xr.Dataset"], np.ndarray]] = {"npy": _of_npy, "csv": _of_csv, "png": _of_png}
_WRITERS: dict[str, Callable[["xr.Dataset", "Decoded"], bytes]] = {"csv": _as_csv, "png": _as_png, "npy": _as_npy}
