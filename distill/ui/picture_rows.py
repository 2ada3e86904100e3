"""What stands in rows under the views of a stage: pictures, maps of amounts, sentences; and how they are packed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distill.errors import InvalidValue
from distill.palette import AMOUNT_RAMP, DARK
from distill.ui.packing import Packer


@dataclass(frozen=True)
class Amount:
    """What the levels of a map of amounts stand for: 0 is nothing, 255 is `top` (or more), in the ramp of amounts.

    Levels rise as the `root`-th root of the amount; `ticks` are amounts and their names under the colour bar, its two
    ends where there are none.
    """

    top: float
    unit: str
    root: int = 1
    ticks: Sequence[tuple[float, str]] = ()

    def levels(self, values: np.ndarray) -> np.ndarray:
        """Amounts as levels: uint8, of the same shape; what is negative or no number is 0."""
        shares = np.clip(np.nan_to_num(values) / self.top, 0, 1) ** (1 / self.root)
        return (255 * shares).round().astype(np.uint8)

    def packed(self) -> dict[str, Any]:
        """As the browser needs it: the ticks at their shares of the bar."""
        ends = ((0.0, "0"), (self.top, f"{self.top:.2g} {self.unit}"))
        ticks = [[(value / self.top) ** (1 / self.root), name] for value, name in self.ticks or ends]
        return {"top": self.top, "unit": self.unit, "root": self.root, "ticks": ticks}


@dataclass(frozen=True)
class Row:
    """A row of pictures: uint8 (items, h, w[, 3]), or (frames, items, h, w[, 3]) where they follow the slider.

    Attributes:
        signed: 128 is zero; the browser maps such values to two colours, since the colour of zero follows the theme.
        amount: of a map of amounts, what its levels stand for; a bar beside it says so.
        large: the row is one picture, shown large, beside other large ones.
        words: a sentence under the label; heading: begins a group, `words` then stand under it.
        items: numbers of what the pictures show, where these are not those of all rows; () is nothing to be chosen.
        names: what is said where a picture is pointed at, one each.
        places: (frames, n) or (1, n): which of the pictures, then a bank of (items, h, w[, 3]), stand in the row.
    """

    label: str
    values: np.ndarray
    signed: bool = False
    amount: Amount | None = None
    large: bool = False
    words: str = ""
    heading: str = ""
    items: Sequence[int] | None = None
    names: Sequence[str] = ()
    places: np.ndarray | None = None


@dataclass(frozen=True)
class Lines:
    """A row of lines of text: `places`, (frames, n) or (1, n), says which of `texts` stand in it, the first on top."""

    label: str
    texts: Sequence[str]
    places: np.ndarray
    items: Sequence[int] = ()
    words: str = ""
    heading: str = ""


@dataclass(frozen=True)
class Shaded:
    """A row of sentences whose words are shaded by an amount: `values` uint8 (frames, sentences, words).

    `texts` are the words of each sentence; values beyond its last word are not drawn. `items` are the numbers of what
    the sentences are, where these are not those of all rows.
    """

    label: str
    texts: Sequence[Sequence[str]]
    values: np.ndarray
    amount: Amount
    words: str = ""
    heading: str = ""
    items: Sequence[int] | None = None


@dataclass(frozen=True)
class Pictures:
    """Rows of pictures of the same `items` (numbers); `first` keeps a place in front for the item pointed at.

    `title` and `subtitle` stand on the figure that is taken away. With `choosing` an item is pinned by a click on its
    picture, and `chosen` (a number) is outlined. `look` names how the rows lie ("" under the views; "main": they are
    what the stage is about, and views stand beside them).
    """

    items: Sequence[int]
    rows: tuple[Row | Lines | Shaded, ...]
    first: bool = True
    title: str = "Pictures"
    subtitle: str = ""
    choosing: bool = False
    chosen: int | None = None
    look: str = ""


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures of `items` (numbers), uint8 (items, h, w[, 3]), shown where an item is pointed at."""

    items: Sequence[int]
    values: np.ndarray


def pack_pictures(pictures: Pictures | None, packer: Packer, frames: int) -> dict[str, Any] | None:
    """The header's record of the rows; raises InvalidValue for arrays that do not fit the items or the frames."""
    if pictures is None:
        return None
    packing = {Row: _row, Lines: _lines, Shaded: _shaded}
    rows = [packing[type(row)](row, packer, frames, len(pictures.items)) for row in pictures.rows]
    ramp = {"light": AMOUNT_RAMP, "dark": [DARK[each] for each in AMOUNT_RAMP]}
    names = ("first", "title", "subtitle", "choosing", "chosen", "look")
    said = {name: getattr(pictures, name) for name in names}
    return {"items": [int(item) for item in pictures.items], "rows": rows, "ramp": ramp} | said


def pack_thumbnails(thumbnails: Thumbnails | None, packer: Packer) -> dict[str, Any] | None:
    """The header's record of the small pictures: one sheet of them."""
    if thumbnails is None:
        return None
    items = np.asarray(thumbnails.items, dtype=np.float32)
    return {"items": packer.raw(items, np.float32), "sheet": packer.sheet(thumbnails.values)}


def _row(row: Row, packer: Packer, frames: int, count: int) -> dict[str, Any]:
    shape = row.values.shape
    moving = len(shape) == 5 or (len(shape) == 4 and shape[3] != 3)
    own = row.items is not None or row.places is not None or row.large
    count = shape[moving] if own and len(shape) > moving else count
    if len(shape) < 3 or (shape[:2] != (frames, count) if moving else shape[0] != count):
        allowed = f"({count}, h, w) or ({frames}, {count}, h, w), with 3 at the end for colour"
        raise InvalidValue(f"picture row '{row.label}' has shape {shape}; allowed: {allowed}")
    values = packer.raw(row.values, np.uint8)
    places = None if row.places is None else _places(row.label, row.places, packer, frames, count)
    items = None if row.items is None else [int(item) for item in row.items]
    return {
        "type": "pictures", "large": row.large, "items": items, "places": places, "names": list(row.names),
        "moving": moving, "values": values, "signed": row.signed, "amount": row.amount and row.amount.packed(),
    } | _said(row)  # fmt: skip


def _lines(row: Lines, packer: Packer, frames: int, count: int) -> dict[str, Any]:
    places = _places(row.label, row.places, packer, frames, len(row.texts))
    items = [int(item) for item in row.items]
    return {"type": "lines", "texts": list(row.texts), "places": places, "items": items} | _said(row)


def _shaded(row: Shaded, packer: Packer, frames: int, count: int) -> dict[str, Any]:
    count, longest = len(row.texts), max(map(len, row.texts))
    if row.values.shape[:2] != (frames, count) or row.values.ndim != 3 or row.values.shape[2] < longest:
        allowed = f"({frames}, {count}, {longest} or more)"
        raise InvalidValue(f"words of row '{row.label}' have shape {row.values.shape}; allowed: {allowed}")
    about = {"texts": [list(each) for each in row.texts], "values": packer.raw(row.values, np.uint8)}
    items = None if row.items is None else [int(item) for item in row.items]
    return {"type": "shaded", "amount": row.amount.packed(), "items": items} | about | _said(row)


def _said(row: Row | Lines | Shaded) -> Mapping[str, str]:
    return {"label": row.label, "words": row.words, "heading": row.heading}


def _places(label: str, places: np.ndarray, packer: Packer, frames: int, bank: int) -> dict[str, Any]:
    if places.ndim != 2 or len(places) not in (1, frames) or not ((places >= 0) & (places < bank)).all():
        allowed = f"(1, n) or ({frames}, n), values from 0 to {bank - 1}"
        raise InvalidValue(f"places of row '{label}' have shape {places.shape}; allowed: {allowed}")
    return packer.raw(places, np.uint16)
